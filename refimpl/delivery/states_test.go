package delivery

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// TestSenderStates is the table of the sender's channel in spec/delivery.md, as far as events reach the core: a second ACCEPT, REJECT and
// frames of the wrong side are the link's.
func TestSenderStates(t *testing.T) {
	events := []struct {
		name  string
		event SenderEvent
	}{
		{"stream", Attach{}},
		{"kept", accepting(codec.PositionKept, 0)},
		{"lost", accepting(codec.PositionLost, 0)},
		{"foreign", accepting(codec.PositionForeign, 0)},
		{"impossible ACCEPT", accepting(codec.PositionKept, 99)},
		{"ACK", GotAck{codec.Ack{Stable: 2}}},
		{"impossible ACK", GotAck{codec.Ack{Stable: 99}}},
		{"own FIN", Finish{}},
		{"FIN", GotEnd{}},
		{"end", Detached{}},
	}
	want := map[senderState][]string{
		senderDetached: {"OPEN; offered", "detached", "detached", "detached", "detached", "STATE; detached", "STATE; detached", "detached", "detached", "detached"},
		senderOffered: {"offered", "attached", "attached", "FIN new channel; detached", "ACK_INVALID; detached", "STATE; detached", "STATE; detached",
			"CANCELLED; detached", "detached", "detached"},
		senderAttached: {"attached", "attached", "attached", "attached", "attached", "freed; attached", "ACK_INVALID; detached", "FIN; ending", "PROTOCOL; detached", "detached"},
		senderEnding:   {"ending", "ending", "ending", "ending", "ending", "freed; ending", "ACK_INVALID; detached", "ending", "detached", "detached"},
	}
	for state, row := range want {
		for i, e := range events {
			t.Run(fmt.Sprint(names[state], ", ", e.name), func(t *testing.T) {
				q := NewVolatile("q", plenty)
				for range 3 {
					_, _ = q.Append([]byte("x"))
				}
				s := NewSender(q)
				reach := []SenderEvent{Attach{}, accepting(codec.PositionKept, 0), Room{plenty, plenty}, Finish{}}[:[]int{0, 1, 3, 4}[state]]
				for _, before := range reach {
					s.Step(before, 0)
				}
				require.Equal(t, state, s.state)
				require.Equal(t, row[i], said(s.Step(e.event, 0))+names[s.state])
			})
		}
	}
}

var names = map[senderState]string{senderDetached: "detached", senderOffered: "offered", senderAttached: "attached", senderEnding: "ending"}

func accepting(state codec.PositionState, stable uint64) Accepted {
	return Accepted{Stream: 5, Position: &codec.Position{State: state, Stable: stable}, MaxFrame: 1 << 17, MaxMessage: 1 << 20}
}

// said writes effects as the table does.
func said(out []SenderEffect) string {
	var words []string
	for _, e := range out {
		switch e := e.(type) {
		case SendOpen:
			words = append(words, "OPEN")
		case SendFin:
			words = append(words, "FIN")
		case NewChannel:
			words = append(words, "new channel")
		case Freed:
			words = append(words, "freed")
		case Abort:
			words = append(words, e.Err.Code.String())
		default:
			words = append(words, fmt.Sprintf("%T", e))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, " ") + "; "
}

// TestReceiverStates is the table of the receiver's channel, as far as events reach the core: frames of the wrong side, and those behind FIN that
// are no RECORDS or GAP, are the link's.
func TestReceiverStates(t *testing.T) {
	same, old := starts(1, 70, 1, 2, 71, 3), starts(1, 70, 1)
	events := []struct {
		name  string
		event ReceiverEvent
	}{
		{"OPEN", Offered{Attachment: 9, Channel: offer(1, 9, 2, same)}},
		{"OPEN of an older process", Offered{Attachment: 9, Channel: offer(1, 9, 2, old)}},
		{"OPEN of another id", Offered{Attachment: 9, Channel: &codec.Channel{ID: [16]byte{7}, Lineage: starts(1, 5, 1), First: 1, Next: 1}}},
		{"OPEN of a foreign id", Offered{Attachment: 9, Channel: offer(1, 9, 2, same), Foreign: true}},
		{"RECORDS", some(4, 0, "x")},
		{"GAP", aGap(4, 4, 1)},
		{"other RECORDS", some(8, 0, "x")},
		{"applied", Applied{3, 3}},
		{"write failed", Failed{3, 3, errDisk}},
		{"FIN", GotFin{1}},
		{"end", Gone{1}},
	}
	const closed = "channel lost, store, ACCEPT lost, "
	want := map[string][]string{
		"absent": {"store, ACCEPT lost, attached", "store, ACCEPT lost, attached", "store, ACCEPT lost, attached", "ACCEPT foreign, detached",
			"detached", "detached", "detached", "detached", "detached", "detached", "detached"},
		"detached": {"store, ACCEPT kept, attached", "EPOCH_STALE, detached", closed + "attached", "ACCEPT foreign, detached",
			"detached", "detached", "detached", "detached", "detached", "detached", "detached"},
		"waiting": {"BUSY_ELSEWHERE, waiting", "EPOCH_STALE, waiting", "BUSY_ELSEWHERE, waiting", "ACCEPT foreign, waiting",
			"waiting", "waiting", "waiting", "store, ACCEPT kept, attached", "store, ACCEPT kept, attached", "waiting", "waiting"},
		"attached": {"BUSY_ELSEWHERE, waiting", "EPOCH_STALE, attached", "BUSY_ELSEWHERE, waiting", "ACCEPT foreign, attached",
			"apply, attached", "gap, attached", "SEQUENCE, detached", "attached", "INTERNAL, detached", "ending", "detached"},
		"ending": {"BUSY_ELSEWHERE, waiting", "EPOCH_STALE, ending", "BUSY_ELSEWHERE, waiting", "ACCEPT foreign, ending",
			"STATE, detached", "STATE, detached", "STATE, detached", "ACK, FIN, detached", "INTERNAL, detached", "ending", "detached"},
	}
	for state, row := range want {
		for i, e := range events {
			t.Run(state+", "+e.name, func(t *testing.T) {
				r := NewReceiver(ReceiverConfig{Transactional: true, MaxMessage: 1 << 20}, nil)
				if state != "absent" {
					r = NewReceiver(ReceiverConfig{Transactional: true, MaxMessage: 1 << 20}, &Cursor{ID: [16]byte{1}, Lineage: same, Stable: 2})
				}
				open := Offered{Attachment: 1, Channel: offer(1, 9, 2, same)}
				reach := map[string][]ReceiverEvent{
					"attached": {open, some(3, 0, "x")},
					"ending":   {open, some(3, 0, "x"), GotFin{1}},
					"waiting":  {open, some(3, 0, "x"), Offered{Attachment: 2, Channel: offer(1, 9, 2, same)}},
				}[state]
				for _, before := range reach {
					r.Step(before, 0)
				}
				got := told(r.Step(e.event, 0))
				now := "detached"
				switch {
				case r.waiting != nil:
					now = "waiting"
				case r.ended:
					now = "ending"
				case r.attachment != 0:
					now = "attached"
				}
				require.Equal(t, row[i], got+now)
			})
		}
	}
}

// told writes effects as the table does.
func told(out []ReceiverEffect) (text string) {
	for _, e := range out {
		switch e := e.(type) {
		case StoreCursor:
			text += "store, "
		case SendAccept:
			text += "ACCEPT " + string(e.Position.State) + ", "
		case Reject:
			text += e.Err.Code.String() + ", "
		case End:
			text += e.Err.Code.String() + ", "
		case Apply:
			text += "apply, "
		case NoteGap:
			text += "gap, "
		case SendAck:
			text += "ACK, "
		case SendEnd:
			text += "FIN, "
		case ChannelLost:
			text += "channel lost, "
		default:
			text += fmt.Sprintf("%T, ", e)
		}
	}
	return text
}
