"""What every process is built from: knows Thrift, nothing of Douyin."""
