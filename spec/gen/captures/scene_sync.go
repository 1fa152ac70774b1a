package main

import (
	"handfast/codec"
	"handfast/spec/exchange"
)

// turn is one message of a stream and the side that sends it. A fin ends the stream of its sender behind it; without a message it stands alone.
type turn struct {
	from    exchange.Side
	message codec.SyncMessage
	fin     bool
}

// saltCheck stands for the salt check in the params of OPEN.
const saltCheck = "\x01\x02\x03\x04\x05\x06\x07\x08"

// playSync is four sessions: one with SINCE, cells, a walk down to one key, and COMPLETE; one in which all is equal; one that ends behind SINCE; and one that
// begins with cells. Their bytes have the form of sync.md; hashes, fingerprints and clocks are made up, so that no store could have said them.
func playSync(t *tape) error {
	return playSessions(t, wholeSession(), quietSession(), sinceSession(), cellsSession())
}

// playFaultySync is a session in which a SINCE comes from the responder.
func playFaultySync(t *tape) error {
	return playSessions(t, []turn{{exchange.Acceptor, codec.SyncSince{Clock: playedClock}, false}})
}

// playSessions gives each session a stream.
func playSessions(t *tape, sessions ...[]turn) error {
	if err := opened(t, codec.Caps{"sync.cells": int64(65_535)}, "sync"); err != nil {
		return err
	}
	var err error
	for i, turns := range sessions {
		stream := uint32(2*i + 1)
		open := codec.Open{Stream: stream, Proto: "sync", Ver: 1, Params: []byte(saltCheck + "users")}
		t.send(exchange.Dialer, must(&err, func() ([]byte, error) { return open.AppendFrame(nil) }))
		t.send(exchange.Acceptor, must(&err, func() ([]byte, error) { return codec.Accept{Stream: stream}.AppendFrame(nil) }))
		for _, one := range turns {
			flags := codec.Flags(0)
			if one.fin {
				flags = codec.FlagFin
			}
			var pieces [][]byte
			if one.message != nil {
				pieces = append(pieces, must(&err, func() ([]byte, error) { return one.message.AppendBinary(nil) }))
			}
			t.send(one.from, codec.Data{Stream: stream, Pieces: codec.NewPieces(flags, pieces...)}.AppendFrame(nil))
		}
	}
	t.part()
	return err
}

// filled gives 16 bytes.
func filled(b byte) (list [16]byte) {
	for i := range list {
		list[i] = b
	}
	return list
}

// repeated gives n bytes.
func repeated(b byte, n int) []byte {
	list := make([]byte, n)
	for i := range list {
		list[i] = b
	}
	return list
}

// Encodings of objects.md, by which a session is played: a clock of one actor, a version of an object that is not there, and an object of one sibling.
var (
	playedClock   = []byte("\x01\x00\x00\x01" + "AAAAAAAAAAAAAAAA" + "\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x02")
	playedCheck   = [8]byte{9, 9, 9, 9, 9, 9, 9, 9}
	playedVersion = []byte("\x01\x00\x00\x00\x00\x00\x00\x00")
	playedObject  = []byte("\x01\x00\x00\x01\x00\x01\x00\x00" + "AAAAAAAAAAAAAAAA" + "\x00\x00\x00\x00\x00\x00\x00\x02" + "\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x00\x00\x00\x00\x00\x00\x00\x02" + "v")
)

// wholeSession has every message of sync.
func wholeSession() []turn {
	ann, bob := []byte("ann"), []byte("bob")
	one := codec.SyncPrefix{Length: 1, Bytes: [8]byte{0xa0}}
	key := codec.SyncPrefix{Length: codec.MaxSyncPrefix, Bytes: [8]byte{0xa0, 1, 2, 3, 4, 5, 6, 7}}
	low, high := filled(0xa1), filled(0xa2)
	applied := codec.SyncEntry{Outcome: codec.SyncApplied, Siblings: 1}
	refused := codec.SyncEntry{Outcome: codec.SyncRejected, Code: codec.CodeSyncCollision}
	return []turn{
		{'>', codec.SyncCheck{Clock: true, Estimate: true, Last: true, Fingerprint: filled(1), ClockCheck: playedCheck}, false},
		{'<', codec.SyncDigest{Form: codec.SyncEstimate, Entries: repeated(7, codec.SyncEstimateSize)}, false},
		{'>', codec.SyncSince{Clock: playedClock}, false},
		{'<', codec.SyncClock{Clock: playedClock}, false},
		{'<', codec.SyncRepair{Number: 1, Key: ann, Object: playedObject}, false},
		{'<', codec.SyncClock{All: true}, false},
		{'>', codec.SyncResult{First: 1, Entries: []codec.SyncEntry{applied}}, false},
		{'>', codec.SyncCells{First: 0, Count: 2}, false},
		{'<', codec.SyncSketch{First: 0, Cells: append(repeated(1, codec.SyncCellSize), repeated(2, codec.SyncCellSize)...)}, false},
		{'>', codec.SyncCheck{Fingerprint: filled(2)}, false},
		{'<', codec.SyncDigest{Form: codec.SyncParts, Entries: repeated(3, 256)}, false},
		{'>', codec.SyncCheck{Prefix: one, Fingerprint: filled(4)}, false},
		{'<', codec.SyncDigest{Prefix: one, Form: codec.SyncItems, Entries: append(low[:], high[:]...)}, false},
		{'>', codec.SyncCheck{Prefix: key, Pull: true, Fingerprint: filled(5)}, false},
		{'<', codec.SyncRepair{Number: 2, Key: bob, Object: playedObject}, false},
		{'<', codec.SyncDigest{Prefix: key, Form: codec.SyncSame}, false},
		{'>', codec.SyncResult{First: 2, Entries: []codec.SyncEntry{refused}}, false},
		{'>', codec.SyncCheckKey{Key: ann, Version: playedVersion}, false},
		{'<', codec.SyncError{Code: codec.CodeSyncUnreadable, RetryMS: codec.RetryNever, Key: bob, Text: "damaged"}, false},
		{'<', codec.SyncVersion{Key: ann, Version: playedVersion}, false},
		{'>', codec.SyncRepair{Number: 1, Key: ann, Object: playedObject}, false},
		{'>', codec.SyncRepair{Number: 2, Key: bob, Object: playedObject}, false},
		{'<', codec.SyncResult{First: 1, Entries: []codec.SyncEntry{applied, applied}}, false},
		{'>', codec.SyncComplete{Sent: 2, Acked: 2, Received: 2, Applied: 1, Rejected: 1, Root: true, Count: 2, Fingerprint: filled(6)}, true},
		{'<', codec.SyncComplete{Errors: 1, Sent: 2, Acked: 2, Received: 2, Applied: 2}, true},
	}
}

// quietSession is the shortest: its first question is its end.
func quietSession() []turn {
	return []turn{
		{'>', codec.SyncCheck{Clock: true, Brief: true, Last: true, Fingerprint: filled(6), ClockCheck: playedCheck}, false},
		{'<', codec.SyncComplete{}, true},
		{'>', nil, true},
	}
}

// sinceSession has nothing but what the clocks show.
func sinceSession() []turn {
	counts := codec.SyncComplete{Received: 1, Applied: 1}
	return []turn{
		{'>', codec.SyncSince{Clock: playedClock}, false},
		{'<', codec.SyncRepair{Number: 1, Key: []byte("ann"), Object: playedObject}, false},
		{'<', codec.SyncClock{All: true, Clock: playedClock}, false},
		{'>', codec.SyncResult{First: 1, Entries: []codec.SyncEntry{{Outcome: codec.SyncApplied, Siblings: 1}}}, false},
		{'>', codec.SyncCheck{Brief: true, Last: true, Fingerprint: filled(6), Counts: counts}, false},
		{'<', codec.SyncComplete{Sent: 1, Acked: 1}, true},
		{'>', nil, true},
	}
}

// cellsSession asks for cells and an estimate at once, then finds 16 parts that differ in no way it can name.
func cellsSession() []turn {
	return []turn{
		{'>', codec.SyncCells{First: 0, Count: 1, Estimate: true}, false},
		{'<', codec.SyncSketch{Estimate: repeated(8, codec.SyncEstimateSize), Cells: repeated(0, codec.SyncCellSize)}, false},
		{'>', codec.SyncCheck{Brief: true, Fingerprint: filled(1)}, false},
		{'<', codec.SyncDigest{Form: codec.SyncBrief, Entries: repeated(7, 16)}, false},
		{'>', codec.SyncComplete{}, true},
		{'<', codec.SyncComplete{}, true},
	}
}
