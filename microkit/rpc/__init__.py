"""Thrift RPC compatible with Kitex: contract, transports, server, client."""
