package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
)

// grpcWait bounds each step of bringing gRPC up.
const grpcWait = 5 * time.Second

// grpcPeer is gRPC with its default windows, which it grows by its own estimate, and with a codec that passes bytes
// through: what is measured is the transport, not protobuf.
func grpcPeer() peer {
	var srv *grpcServer // one for all links of the process, as a real server would be
	start := func() error {
		if srv != nil {
			return nil
		}
		var err error
		srv, err = startGRPC()
		return err
	}
	return peer{
		name:  implGRPC,
		takes: []string{oneway, acked, streams, call, idle, idleStreams},
		dial: func() (link, error) {
			if err := start(); err != nil {
				return nil, err
			}
			cc, err := srv.connect()
			return &grpcLink{srv: srv, cc: cc}, err
		},
		echo: func(size, callers int) ([]worker, error) {
			if err := start(); err != nil {
				return nil, err
			}
			return srv.echo(size, callers)
		},
		acked: func(size, outstanding int) (ackedFlow, error) {
			if err := start(); err != nil {
				return nil, err
			}
			return srv.acked(size, outstanding)
		},
	}
}

type grpcServer struct {
	addr     string
	accepted chan grpc.ServerStream // capacity 0; a stream's handler sends, open receives; never closed
}

func startGRPC() (*grpcServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &grpcServer{addr: l.Addr().String(), accepted: make(chan grpc.ServerStream)}
	g := grpc.NewServer(grpc.ForceServerCodecV2(bytesCodec{}))
	g.RegisterService(grpcService(), s)
	go g.Serve(l) // ends with the process
	return s, nil
}

// connect returns when the connection is usable: gRPC would otherwise dial at the first use.
func (s *grpcServer) connect() (*grpc.ClientConn, error) {
	cc, err := grpc.NewClient("passthrough:///"+s.addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(bytesCodec{})))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), grpcWait)
	defer cancel()
	cc.Connect()
	for st := cc.GetState(); st != connectivity.Ready; st = cc.GetState() {
		if !cc.WaitForStateChange(ctx, st) {
			return nil, fmt.Errorf("gRPC connection is still %v after %v", st, grpcWait)
		}
	}
	return cc, nil
}

func (s *grpcServer) echo(size, callers int) ([]worker, error) {
	cc, err := s.connect()
	if err != nil {
		return nil, err
	}
	msg := payload(size)
	ws := make([]worker, callers)
	for i := range ws {
		reply := make([]byte, 0, size)
		ws[i] = eachCall(func() error {
			if err := cc.Invoke(context.Background(), grpcEchoMethod, &msg, &reply); err != nil {
				return err
			}
			return checkSize(len(reply), size)
		})
	}
	return ws, nil
}

type grpcLink struct {
	srv *grpcServer
	cc  *grpc.ClientConn
}

func (l *grpcLink) open(size int) (pipe, error) {
	out, err := l.cc.NewStream(context.Background(), &grpc.StreamDesc{ClientStreams: true}, grpcSinkMethod)
	if err != nil {
		return nil, err
	}
	select {
	case in := <-l.srv.accepted:
		return &grpcPipe{out: out, in: in, buf: make([]byte, 0, size), size: size}, nil
	case <-time.After(grpcWait):
		return nil, errors.New("gRPC server did not see the stream")
	}
}

type grpcPipe struct {
	out  grpc.ClientStream
	in   grpc.ServerStream
	buf  []byte
	size int
}

func (p *grpcPipe) send(msg []byte, count int) error {
	for range count {
		if err := p.out.SendMsg(&msg); err != nil {
			return err
		}
	}
	return nil
}

func (p *grpcPipe) recv() (int, error) {
	if err := p.in.RecvMsg(&p.buf); err != nil {
		return 0, err
	}
	return 1, checkSize(len(p.buf), p.size)
}
