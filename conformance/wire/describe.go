package wire

import (
	"fmt"

	"handfast/codec"
)

// DescribeOpening gives an opening in a few words.
func DescribeOpening(o codec.Opening) string {
	switch {
	case o.Hello != nil:
		return fmt.Sprintf("HELLO vers %v", o.Hello.Vers)
	case o.Refuse != nil:
		return fmt.Sprintf("REFUSE(%v)%s", o.Refuse.Code, quoted(o.Refuse.Text))
	}
	return "opening of an unknown kind"
}

// DescribeFrame gives a frame in a few words.
func DescribeFrame(f codec.Frame) string {
	text := f.Type.String()
	if codec.IsGreaseType(f.Type) {
		text = "grease " + text
	}
	if f.Stream != 0 {
		text += fmt.Sprintf(" on stream %d", f.Stream)
	}
	if f.Flags != 0 {
		text += " " + f.Flags.String()
	}
	if m, err := codec.ParseMessage(f); err == nil && len(f.Payload) == int(f.Length) {
		return text + describeMessage(m)
	}
	return text + fmt.Sprintf(", %d bytes", f.Length)
}

// describeMessage gives what tells one message of a type from another.
func describeMessage(m codec.Message) string {
	switch m := m.(type) {
	case codec.Ping:
		return fmt.Sprintf(" echo %016X", m.Echo)
	case codec.Pong:
		return fmt.Sprintf(" echo %016X", m.Echo)
	case codec.Credit:
		return fmt.Sprintf(" max %d", m.Max)
	case codec.Streams:
		return fmt.Sprintf(" max %d", m.Max)
	case codec.Drain:
		return fmt.Sprintf("(%v) last %08X", m.Code, m.Last)
	case codec.Close:
		return fmt.Sprintf("(%v)%s", m.Code, quoted(m.Text))
	case codec.Reject:
		return fmt.Sprintf("(%v)%s", m.Code, quoted(m.Text))
	case codec.Reset:
		return fmt.Sprintf("(%v)%s", m.Code, quoted(m.Text))
	case codec.Open:
		text := fmt.Sprintf(" %q version %d", m.Proto, m.Ver)
		if ch := m.Channel; ch != nil {
			text += fmt.Sprintf(", channel %q %x, %d starts, first %d, next %d, stable %d", ch.Name, ch.ID[:4], len(ch.Lineage), ch.First, ch.Next, ch.Stable)
		}
		return text
	case codec.Accept:
		if p := m.Channel; p != nil {
			return fmt.Sprintf(" %s, stable %d, dup %d%s", p.State, p.Stable, p.Dup, describeRanges(p.Ranges))
		}
	case codec.Records:
		return fmt.Sprintf(" from %d, %d pieces, %d bytes", m.Seq, m.Pieces.Count(), m.Pieces.Bytes())
	case codec.Ack:
		return fmt.Sprintf(" stable %d%s", m.Stable, describeRanges(m.Ranges))
	case codec.Gap:
		return fmt.Sprintf(" from %d to %d, reason %d", m.From, m.To, m.Reason)
	case codec.Data:
		return fmt.Sprintf(", %d pieces, %d bytes", m.Pieces.Count(), m.Pieces.Bytes())
	}
	return ""
}

// describeRanges gives what an ACK or ACCEPT has above stable.
func describeRanges(ranges []codec.Range) string {
	switch n := len(ranges); n {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(", and %d to %d", ranges[0].First, ranges[0].Last)
	default:
		return fmt.Sprintf(", and %d ranges from %d to %d", n, ranges[0].First, ranges[n-1].Last)
	}
}

// quoted escapes the words of another peer, which may attack a terminal (CLOSE-005).
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" %+q", text)
}
