module interop

go 1.24

// What the original project is built with, and what today's Go needs beside it.
require (
	github.com/bytedance/gopkg v0.1.3
	github.com/bytedance/sonic v1.15.5
	github.com/cloudwego/frugal v0.2.5
	github.com/cloudwego/kitex v0.4.4
	github.com/cloudwego/thriftgo v0.2.4
)

replace github.com/choleraehyq/pid => ./pid
