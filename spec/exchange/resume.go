package exchange

import "handfast/codec"

// Resume is how a channel is attached again, as spec/delivery.md shows it: the sender has dropped two records for want of room, and the
// receiver's process has begun anew with a sink that does not commit effect and cursor together.
func Resume() (Exchange, error) {
	var x Exchange
	add := func(from Side, name string, m codec.Message) error {
		b, err := m.AppendBinary(nil)
		x.Steps = append(x.Steps, Step{from, name, b})
		return err
	}
	for _, s := range []struct {
		from Side
		name string
		m    codec.Message
	}{
		{Dialer, "the sender's channel: OPEN", codec.Open{Stream: resumed, Proto: "realtime", Ver: 1, Channel: ResumeOffer()}},
		{Acceptor, "where the receiver stands: ACCEPT", codec.Accept{Stream: resumed, Channel: &codec.Position{
			State: codec.PositionKept, Stable: 57, Dup: 65, Ranges: []codec.Range{{First: 60, Last: 61}}}}},
		{Dialer, "58 and 59 do not come: GAP", codec.Gap{Stream: resumed, From: 58, To: 59, Reason: codec.GapOverflow}},
		{Dialer, "60 and 61 are there already; 62 and 63 may have been applied: RECORDS with POSSIBLE_DUP", codec.Records{
			Stream: resumed, Flags: codec.FlagPossibleDup, Seq: 62, Pieces: codec.NewPieces(0, []byte("rec62"), []byte("rec63"))}},
		{Acceptor, "the gap is noted and 62 is durable, 63 not yet: ACK", codec.Ack{Stream: resumed, Stable: 62, DelayUS: 100000}},
	} {
		if err := add(s.from, s.name, s.m); err != nil {
			return x, err
		}
	}
	return x, nil
}

const resumed = 5

// ResumeOffer is what the OPEN of Resume says.
func ResumeOffer() *codec.Channel {
	return &codec.Channel{
		ID: [16]byte([]byte("a channel's id 1")), Name: "out", First: 62, Next: 66, Stable: 50,
		Lineage: codec.Lineage{{Epoch: 1, Nonce: 70, First: 1}, {Epoch: 2, Nonce: 71, First: 40}},
	}
}
