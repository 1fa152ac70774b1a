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
		return fmt.Sprintf(" %q version %d", m.Proto, m.Ver)
	case codec.Data:
		return fmt.Sprintf(", %d pieces, %d bytes", m.Pieces.Count(), m.Pieces.Bytes())
	}
	return ""
}

// quoted escapes the words of another peer, which may attack a terminal (CLOSE-005).
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" %+q", text)
}
