module interop

go 1.24

// Exact versions of everything that is named in our own code: proxies that list none have these.
require (
	github.com/bytedance/gopkg v0.1.4
	github.com/cloudwego/kitex v0.16.3
	github.com/kitex-contrib/obs-opentelemetry v0.3.0
	github.com/kitex-contrib/registry-etcd v0.2.6
)
