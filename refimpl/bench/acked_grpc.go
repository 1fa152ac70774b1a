package main

import (
	"context"
	"encoding/binary"

	"google.golang.org/grpc"
)

const grpcAckedMethod = "/bench.Bench/Acked"

// grpcAckedHandler acknowledges each batch of messages, which carry their number in their first 8 bytes.
func grpcAckedHandler(_ any, st grpc.ServerStream) error {
	buf, ack := []byte{}, make([]byte, 8)
	for want := uint64(1); ; want++ {
		if err := st.RecvMsg(&buf); err != nil {
			return err
		}
		if want%ackedBatch == 0 {
			copy(ack, buf)
			if err := st.SendMsg(&ack); err != nil {
				return err
			}
		}
	}
}

func (s *grpcServer) acked(size int) (ackedFlow, error) {
	cc, err := s.connect()
	if err != nil {
		return nil, err
	}
	st, err := cc.NewStream(context.Background(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, grpcAckedMethod)
	if err != nil {
		return nil, err
	}
	buf := []byte{}
	return &ackedLoop{
		size: size,
		put: func(seq uint64, msg []byte) error {
			if seq == 0 {
				return nil
			}
			binary.BigEndian.PutUint64(msg, seq)
			return st.SendMsg(&msg)
		},
		ack: func() (uint64, error) {
			if err := st.RecvMsg(&buf); err != nil {
				return 0, err
			}
			return binary.BigEndian.Uint64(buf), nil
		},
	}, nil
}
