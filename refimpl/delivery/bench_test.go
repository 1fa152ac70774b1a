package delivery

import (
	"testing"

	"handfast/codec"
)

// BenchmarkRecords takes records of 64 bytes through both cores and their frames, without a link, and acknowledges them.
func BenchmarkRecords(b *testing.B) {
	q := NewVolatile("q", plenty)
	s := NewSender(q)
	r := NewReceiver(ReceiverConfig{Transactional: true, MaxMessage: 1 << 20}, nil)
	open := s.Step(Attach{}, 0)[0].(SendOpen).Channel
	p := r.Step(Offered{Attachment: 1, Stream: 1, Channel: open}, 0)[1].(SendAccept).Position
	s.Step(Accepted{Stream: 1, Position: &p, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0)
	data, frame := make([]byte, 64), make([]byte, 0, 1<<18)
	b.SetBytes(64)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := q.Append(data); err != nil {
			b.Fatal(err)
		}
		if n%256 != 255 {
			continue
		}
		for _, e := range s.Step(Room{plenty, plenty}, 0) {
			f, _, err := codec.ParseFrame(e.(SendRecords).Records.AppendFrame(frame), 1<<20)
			if err != nil {
				b.Fatal(err)
			}
			m, err := codec.ParseRecords(f)
			if err != nil {
				b.Fatal(err)
			}
			for _, e := range r.Step(GotRecords{1, m}, 0) {
				list := e.(Apply).Items
				for _, e := range r.Step(Applied{list[0].Record.Seq, list[len(list)-1].Record.Seq}, 0) {
					s.Step(GotAck{e.(SendAck).Ack}, 0)
				}
			}
		}
	}
}
