package exchange

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
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
	own, theirs := clockOf(rangeOf{a, 1, 2}), clockOf(rangeOf{a, 1, 1}, rangeOf{b, 1, 1})
	check := codec.SyncClockCheck([16]byte{}, Message{Parts: own}.Bytes())
	before := fingerprint(map[string][]Part{"ann": ann})
	parts := brief(map[string][]Part{"ann": object(a, 1, "An"), "bob": bob})
	list := []Message{
		{Dialer, "are the two equal? CHECK of the empty prefix, with CLOCK, BRIEF and LAST", join(
			head("03 16 00", "CHECK, flags 16 CLOCK, BRIEF and LAST, length 0"), []Part{{before, "fingerprint"}, {check[:], "check of the clock"}})},
		{Acceptor, "no, and the clocks are not: DIGEST", join(head("04 03 00 00", "DIGEST, form 3 BRIEF, flags 00, length 0"), []Part{{parts, "the parts"}})},
		{Dialer, "what the initiator has: SINCE", join(head("01 00", "SINCE"), own)},
		{Acceptor, "what the responder has: CLOCK", join(head("02 00", "CLOCK"), theirs)},
		{Acceptor, "what the initiator has not seen: REPAIR", join(repairHead(1, "bob"), bob)},
		{Acceptor, "that was all: CLOCK with ALL, of the clock stated last", head("02 01", "CLOCK, flags 01 ALL")},
		{Dialer, "bob is durable: RESULT", result()},
		{Dialer, "what the responder has not seen: REPAIR", join(repairHead(1, "ann"), ann)},
		{Dialer, "that was all: CLOCK with ALL, of the clock stated last", head("02 01", "CLOCK, flags 01 ALL")},
		{Acceptor, "ann is durable: RESULT", result()},
		{Dialer, "is that the end? CHECK of the empty prefix, with LAST and COUNTS", join(
			head("03 30 00", "CHECK, flags 30 LAST and COUNTS, length 0"), []Part{{print, "fingerprint"}}, counts())},
		{Acceptor, "it is: COMPLETE", join(head("0A 01", "COMPLETE, flags 01 COUNTS"), counts())},
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

func repairHead(number byte, key string) []Part {
	return []Part{
		{unhex(fmt.Sprintf("07 %02x %04x", number, len(key))), fmt.Sprintf("REPAIR, number %d, key_length %d", number, len(key))},
		{[]byte(key), fmt.Sprintf("key %q", key)},
	}
}

func result() []Part {
	return join(head("08 01", "RESULT, first 1"), head("01 00 0001 00000000", "applied, no more, 1 sibling, code 0"))
}

// counts of a side that has sent one REPAIR and received one.
func counts() []Part {
	parts := head("00000000", "errors 0")
	for _, f := range []struct {
		name string
		n    uint64
	}{{"sent", 1}, {"acked", 1}, {"received", 1}, {"noop", 0}, {"applied", 1}, {"siblings", 0}, {"rejected", 0}} {
		parts = append(parts, Part{u64(f.n), fmt.Sprintf("%s %d", f.name, f.n)})
	}
	return parts
}

// fingerprint is that of the empty prefix over up to 32 objects with one sibling each, by spec/objects.md with a salt of zeros.
func fingerprint(objects map[string][]Part) []byte { return fingerprintOf(itemsOf(objects)) }

// brief gives the first bytes of the fingerprints of the 16 parts of the empty prefix.
func brief(objects map[string][]Part) []byte {
	parts := make([]byte, 16)
	for half := range parts {
		var items [][]byte
		for _, one := range itemsOf(objects) {
			if int(one[0]>>4) == half {
				items = append(items, one)
			}
		}
		parts[half] = fingerprintOf(items)[0]
	}
	return parts
}

func fingerprintOf(items [][]byte) []byte {
	if len(items) == 0 {
		return make([]byte, 16)
	}
	sum := sha256.Sum256(append([]byte("L"), bytes.Join(items, nil)...))
	return sum[:16]
}

// itemsOf gives the items, ascending.
func itemsOf(objects map[string][]Part) (items [][]byte) {
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
	slices.SortFunc(items, bytes.Compare)
	return items
}
