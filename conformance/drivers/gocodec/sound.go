package gocodec

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strconv"

	"handfast/conformance/driver"
)

// Unsound says what is wrong with how this package answers about an item, "" where nothing is: the verdict is the same as a whole, byte by byte and at each cut (of the first 64 bytes and the last 8, where it is
// long); a fault has a code, a scope and a place inside the input; and the value of what is taken is written as bytes that have that value. For fuzzers and for those who replay what they found.
func Unsound(item Item) string {
	item.Cuts = nil
	whole := Decode(item)
	switch whole.Kind {
	case driver.KindAccept:
		n, err := strconv.Atoi(whole.Consumed)
		if err != nil || n < 0 || n > len(item.Bytes) {
			return "it has consumed " + whole.Consumed + " bytes"
		}
		if text := unlike(item, whole); text != "" {
			return text
		}
	case driver.KindReject:
		at, err := strconv.Atoi(whole.At)
		if err != nil || at < 0 || at > len(item.Bytes) || whole.Code == "" || whole.Scope == "" {
			return "the fault has no code, no scope, or no place in the input"
		}
	case driver.KindMore:
	default:
		return "the answer is " + whole.Kind + ": " + whole.Text
	}
	var singly []int
	for at := 1; at < len(item.Bytes); at++ {
		singly = append(singly, at)
		if at <= 64 || at >= len(item.Bytes)-8 {
			item.Cuts = []int{at}
			if got := Decode(item); !reflect.DeepEqual(got, whole) {
				return "cut at " + strconv.Itoa(at) + " it is answered otherwise: " + got.Kind + " " + got.Code
			}
		}
	}
	item.Cuts = singly
	if got := Decode(item); !reflect.DeepEqual(got, whole) {
		return "byte by byte it is answered otherwise: " + got.Kind + " " + got.Code
	}
	return ""
}

// unlike writes a value and reads it again.
func unlike(item Item, whole driver.Answer) string {
	if bytes.Contains(whole.Value, []byte("\uFFFD")) || bytes.Contains(whole.Value, []byte(`\ufffd`)) {
		return "" // texts for people are mended, and may be too long then
	}
	a := Encode(item.What, item.Turn, whole.Value)
	if a.Kind != driver.KindBytes {
		return "" // a value that a receiver takes and no sender may send: names of sub-protocols in READY, for one
	}
	b, err := hex.DecodeString(a.Hex)
	if err != nil {
		return err.Error()
	}
	item.Bytes, item.BeforeReady = b, false
	item.MaxFrame = 1 << 20 // what is written may be longer than what was read: limits that were left out
	again := Decode(item)
	if again.Kind != driver.KindAccept || again.Consumed != strconv.Itoa(len(b)) || string(again.Value) != string(whole.Value) {
		return "written again it is another value: " + again.Kind + " " + again.Code + " " + again.Req
	}
	return ""
}
