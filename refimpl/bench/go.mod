module handfast/refimpl/bench

go 1.26.0

replace handfast => ../..

require (
	github.com/hashicorp/yamux v0.1.2
	github.com/nats-io/nats-server/v2 v2.15.2
	github.com/nats-io/nats.go v1.55.0
	golang.org/x/net v0.62.0
	google.golang.org/grpc v1.85.0
	handfast v0.0.0
)
