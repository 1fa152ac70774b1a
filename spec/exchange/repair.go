package exchange

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"handfast/codec"
)

// Message is one message of a sub-protocol, in its parts.
type Message struct {
	From  Side
	Name  string // what it is, for people
	Parts []Part
}

// Part is some bytes of a message, with what they mean.
type Part struct {
	Bytes []byte
	Text  string
}

// Bytes joins the parts.
func (m Message) Bytes() []byte {
	var b []byte
	for _, p := range m.Parts {
		b = append(b, p.Bytes...)
	}
	return b
}

// The two stores of Repair.
var (
	RepairActors    = [2][16]byte{filled(0xA1), filled(0xB2)}
	RepairNamespace = "users"
)

func filled(b byte) (a [16]byte) {
	copy(a[:], bytes.Repeat([]byte{b}, 16))
	return a
}

// Repair is a session of sync, as spec/sync.md shows it. The first actor has written ann twice; the second has her first version, and has
// written bob.
func Repair() ([]Message, error) {
	a, b := RepairActors[0], RepairActors[1]
	ann, bob := object(a, 2, "Ann"), object(b, 1, "Bob")
	print := fingerprint(map[string][]Part{"ann": ann, "bob": bob})
	own, theirs, both := clockOf(rangeOf{a, 1, 2}), clockOf(rangeOf{a, 1, 1}, rangeOf{b, 1, 1}), clockOf(rangeOf{a, 1, 2}, rangeOf{b, 1, 1})
	list := []Message{
		{Dialer, "what the initiator has: SINCE", join(head("01 00", "SINCE"), own)},
		{Acceptor, "what the responder has: CLOCK", join(head("02 00", "CLOCK"), theirs)},
		{Acceptor, "what the initiator has not seen: REPAIR", join(repairHead(1, "bob"), bob)},
		{Acceptor, "that was all: CLOCK with ALL", join(head("02 01", "CLOCK, flags 01 ALL"), theirs)},
		{Dialer, "bob is durable: RESULT", result()},
		{Dialer, "what the responder has not seen: REPAIR", join(repairHead(1, "ann"), ann)},
		{Dialer, "that was all: CLOCK with ALL", join(head("02 01", "CLOCK, flags 01 ALL"), both)},
		{Dialer, "is there anything else? CHECK of the empty prefix", join(
			head("03 00 00 00", "CHECK, length 0, flags 00"), head("0000000000000000", "prefix"), []Part{{print, "fingerprint"}})},
		{Acceptor, "ann is durable: RESULT", result()},
		{Acceptor, "no: DIGEST", join(
			head("04 00 00 00", "DIGEST, length 0, form 0 SAME"), head("0000000000000000", "prefix"),
			head("0000000000000002", "count 2"), []Part{{print, "fingerprint"}})},
		{Dialer, "the end: COMPLETE", complete(print)},
		{Acceptor, "the end: COMPLETE", complete(print)},
	}
	for _, m := range list {
		parse := codec.ParseSyncAnswer
		if m.From == Dialer {
			parse = codec.ParseSyncRequest
		}
		read, err := parse(m.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		if again, err := read.AppendBinary(nil); err != nil || !bytes.Equal(again, m.Bytes()) {
			return nil, fmt.Errorf("%s: encoded again it is %x (%w)", m.Name, again, err)
		}
	}
	return list, nil
}

// RepairBlock is the content of the block `repair` in spec/sync.md.
func RepairBlock() (string, error) {
	list, err := Repair()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, m := range list {
		fmt.Fprintf(&b, "\n%d. %s (%d bytes)\n\n", i+1, m.Name, len(m.Bytes()))
		for _, p := range m.Parts {
			text := p.Text
			for rest := p.Bytes; len(rest) > 0; rest = rest[min(perLine, len(rest)):] {
				line := fmt.Sprintf("%c  %-*s  %s", m.From, 3*perLine-1, fmt.Sprintf("% X", rest[:min(perLine, len(rest))]), text)
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				text = ""
			}
		}
	}
	return "```text\n" + strings.TrimPrefix(b.String(), "\n") + "```\n", nil
}

func head(digits, text string) []Part { return []Part{{unhex(digits), text}} }

func unhex(digits string) []byte {
	var b []byte
	if _, err := fmt.Sscanf(strings.ReplaceAll(digits, " ", ""), "%x", &b); err != nil {
		panic(err) // digits of this file
	}
	return b
}

func join(lists ...[]Part) (all []Part) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func short(a [16]byte) string { return fmt.Sprintf("%x...%x", a[:1], a[:1]) }

// rangeOf is counters of an actor.
type rangeOf struct {
	actor       [16]byte
	first, last uint64
}

// clockOf gives a node clock with one range for each actor.
func clockOf(list ...rangeOf) []Part {
	parts := head(fmt.Sprintf("01 00 %04x", len(list)), fmt.Sprintf("clock: form 1, %d actors", len(list)))
	for _, r := range list {
		parts = append(parts, Part{r.actor[:], "  " + short(r.actor)}, Part{unhex("00000001"), "  1 range"},
			Part{append(u64(r.first), u64(r.last)...), fmt.Sprintf("    %d to %d", r.first, r.last)})
	}
	return parts
}

// object gives an object with one sibling.
func object(actor [16]byte, counter uint64, value string) []Part {
	return []Part{
		{unhex("01 00 0001 0001 0000"), "object: form 1, 1 actor, 1 sibling"},
		{append(actor[:len(actor):len(actor)], u64(counter)...), fmt.Sprintf("  context %s, %d", short(actor), counter)},
		{append(unhex(fmt.Sprintf("0000 00 00 %08x", len(value))), u64(counter)...), fmt.Sprintf("  sibling %s:%d of %d bytes", short(actor), counter, len(value))},
		{[]byte(value), fmt.Sprintf("    %q", value)},
	}
}

func repairHead(number uint64, key string) []Part {
	return []Part{
		{unhex(fmt.Sprintf("07 00 %04x", len(key))), fmt.Sprintf("REPAIR, key_length %d", len(key))},
		{u64(number), fmt.Sprintf("number %d", number)},
		{[]byte(key), fmt.Sprintf("key %q", key)},
	}
}

func result() []Part {
	return join(head("08 00 0001", "RESULT, count 1"), head("0000000000000001", "first 1"), head("01 00 0001 00000000", "applied, 1 sibling, code 0"))
}

func complete(print []byte) []Part {
	parts := head("0A 00 0000 00000000", "COMPLETE, errors 0")
	for _, f := range []struct {
		name string
		n    uint64
	}{{"sent", 1}, {"acked", 1}, {"received", 1}, {"noop", 0}, {"applied", 1}, {"siblings", 0}, {"rejected", 0}, {"count", 2}} {
		parts = append(parts, Part{u64(f.n), fmt.Sprintf("%s %d", f.name, f.n)})
	}
	return append(parts, Part{print, "fingerprint"})
}

// fingerprint is that of the empty prefix over up to 32 objects with one sibling each, by spec/objects.md with a salt of zeros.
func fingerprint(objects map[string][]Part) []byte {
	var items [][]byte
	for key, parts := range objects {
		name := binary.BigEndian.AppendUint32(nil, uint32(len(RepairNamespace)))
		name = append(name, RepairNamespace...)
		name = binary.BigEndian.AppendUint32(name, uint32(len(key)))
		name = append(name, key...)
		value := sha256.Sum256(parts[3].Bytes)
		state := sha256.Sum256(bytes.Join([][]byte{[]byte("HFO\x01"), name, parts[0].Bytes, parts[1].Bytes, parts[2].Bytes, value[:]}, nil))
		salt := make([]byte, 16)
		k := sha256.Sum256(bytes.Join([][]byte{salt, []byte("K"), name}, nil))
		s := sha256.Sum256(bytes.Join([][]byte{salt, []byte("S"), state[:]}, nil))
		items = append(items, append(k[:8:8], s[:8]...))
	}
	if len(items) == 2 && bytes.Compare(items[0], items[1]) > 0 {
		items[0], items[1] = items[1], items[0]
	}
	sum := sha256.Sum256(append([]byte("L"), bytes.Join(items, nil)...))
	return sum[:16]
}
