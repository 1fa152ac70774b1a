package main

import (
	"context"
	"encoding/binary"

	"google.golang.org/grpc"
)

const grpcAckedMethod = "/bench.Bench/Acked"

// grpcAckedHead is what a message begins with: its number in 8 bytes, and in 4 how many are acknowledged together.
const grpcAckedHead = 12

// grpcAckedHandler acknowledges each batch of messages.
func grpcAckedHandler(_ any, st grpc.ServerStream) error {
	buf, ack := []byte{}, make([]byte, 8)
	for want := uint64(1); ; want++ {
		if err := st.RecvMsg(&buf); err != nil {
			return err
		}
		if want%uint64(binary.BigEndian.Uint32(buf[8:grpcAckedHead])) == 0 {
			copy(ack, buf)
			if err := st.SendMsg(&ack); err != nil {
				return err
			}
		}
	}
}

func (s *grpcServer) acked(size, outstanding int) (ackedFlow, error) {
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
		size: max(size, grpcAckedHead), outstanding: outstanding,
		put: func(seq uint64, msg []byte) error {
			if seq == 0 {
				return nil
			}
			binary.BigEndian.PutUint64(msg, seq)
			binary.BigEndian.PutUint32(msg[8:], uint32(min(ackedBatch, outstanding)))
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
