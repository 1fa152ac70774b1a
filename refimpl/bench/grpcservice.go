package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
)

const (
	grpcEchoMethod = "/bench.Bench/Echo"
	grpcSinkMethod = "/bench.Bench/Sink"
)

// grpcService is written by hand, so that no generator is needed for two methods that carry bytes.
func grpcService() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: "bench.Bench",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: grpcEcho}},
		Streams:     []grpc.StreamDesc{{StreamName: "Sink", ClientStreams: true, Handler: grpcSink}, {StreamName: "Acked", ClientStreams: true, ServerStreams: true, Handler: grpcAckedHandler}},
	}
}

func grpcEcho(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	b := new([]byte)
	if err := decode(b); err != nil {
		return nil, err
	}
	return b, nil
}

// grpcSink hands its stream to whoever opened it, and stays: gRPC ends a stream when its handler returns.
func grpcSink(srv any, st grpc.ServerStream) error {
	srv.(*grpcServer).accepted <- st
	<-st.Context().Done()
	return st.Context().Err()
}

// bytesCodec passes *[]byte through: no copy on the way out, one into the caller's buffer on the way in.
type bytesCodec struct{}

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b := v.(*[]byte)
	n := data.Len()
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	*b = (*b)[:n]
	data.CopyTo(*b)
	return nil
}

func (bytesCodec) Name() string { return "bytes" }
