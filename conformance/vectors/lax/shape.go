package lax

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"strconv"
	"strings"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

func refuse(code string) driver.Answer {
	return driver.Answer{Kind: driver.KindReject, Code: code, Scope: "link"}
}

// endings are about where an item ends.
func endings() []bug {
	of := func(what string, kinds string, change func(item gocodec.Item, right driver.Answer) driver.Answer) func(gocodec.Item, driver.Answer) driver.Answer {
		return func(item gocodec.Item, right driver.Answer) driver.Answer {
			if item.What == what && right.Kind == kinds {
				return change(item, right)
			}
			return right
		}
	}
	consumed := func(n func(item gocodec.Item, right int) int) func(gocodec.Item, driver.Answer) driver.Answer {
		return func(item gocodec.Item, right driver.Answer) driver.Answer {
			if at, err := strconv.Atoi(right.Consumed); err == nil {
				right.Consumed = strconv.Itoa(n(item, at))
			}
			return right
		}
	}
	take := func(item gocodec.Item, _ driver.Answer) driver.Answer { return taken(item) }
	fault := func(gocodec.Item, driver.Answer) driver.Answer { return refuse("ENCODING") }
	return []bug{
		decodes("takes-frames-that-are-cut-off", "FRAME-009", "It takes a frame that is not whole.", of(testdata.OpFrame, driver.KindMore, take)),
		decodes("takes-openings-that-are-cut-off", "HELLO-010", "It takes an opening that is not whole.", of(testdata.OpOpening, driver.KindMore, take)),
		decodes("takes-frames-without-trailer", "FRAME-009", "It takes a frame when its payload is there.", of(testdata.OpFrame, driver.KindMore, func(item gocodec.Item, right driver.Answer) driver.Answer {
			if len(item.Bytes) >= codec.HeaderSize && len(item.Bytes) >= codec.HeaderSize+int(binary.BigEndian.Uint32(item.Bytes[4:])) {
				return taken(item)
			}
			return right
		})),
		decodes("takes-nothing-for-a-frame", "FRAME-009", "It takes an empty input.", of(testdata.OpFrame, driver.KindMore, func(item gocodec.Item, right driver.Answer) driver.Answer {
			if len(item.Bytes) == 0 {
				return taken(item)
			}
			return right
		})),
		decodes("refuses-frames-that-are-cut-off", "FRAME-009", "It does not wait for the rest of a frame.", of(testdata.OpFrame, driver.KindMore, fault)),
		decodes("refuses-openings-that-are-cut-off", "HELLO-010", "It does not wait for the rest of an opening.", of(testdata.OpOpening, driver.KindMore, fault)),
		decodes("counts-one-byte-too-many", "FRAME-009", "It says that it has consumed one byte more.", consumed(func(_ gocodec.Item, n int) int { return n + 1 })),
		decodes("counts-the-payload-alone", "FRAME-009", "It says that it has consumed the payload.", consumed(func(_ gocodec.Item, n int) int { return max(0, n-codec.HeaderSize-codec.TrailerSize) })),
		decodes("counts-all-that-was-there", "FRAME-009", "It says that it has consumed what stands behind as well.", consumed(func(item gocodec.Item, _ int) int { return len(item.Bytes) })),
		decodes("counts-nothing-of-bodies", "MP-001", "It does not say what it has consumed.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if item.What == testdata.OpMsgpack {
				right.Consumed = ""
			}
			return right
		}),
		decodes("minds-what-stands-behind-a-frame", "FRAME-009", "It refuses a frame with another one behind it.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if n, err := strconv.Atoi(right.Consumed); err == nil && item.What == testdata.OpFrame && n < len(item.Bytes) {
				return refuse("FRAME_SIZE")
			}
			return right
		}),
		decodes("minds-what-stands-behind-an-opening", "HELLO-010", "It refuses an opening with a frame behind it.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if n, err := strconv.Atoi(right.Consumed); err == nil && item.What == testdata.OpOpening && n < len(item.Bytes) {
				return refuse("ENCODING")
			}
			return right
		}),
	}
}

// pieces are about how an input arrives.
func pieces() []bug {
	return []bug{
		decodes("wants-the-header-in-one-piece", "FRAME-009", "It reads a header that comes in two pieces as no header.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if len(item.Cuts) > 0 && item.Cuts[0] < codec.HeaderSize && item.What == testdata.OpFrame {
				return refuse("HEADER_CRC")
			}
			return right
		}),
		decodes("wants-the-magic-in-one-piece", "HELLO-010", "It takes a magic that comes in two pieces for a stranger's.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if len(item.Cuts) > 0 && item.Cuts[0] < len(codec.Magic) && item.What == testdata.OpOpening {
				return refuse("FOREIGN")
			}
			return right
		}),
		decodes("forgets-the-checksum-of-pieces", "FRAME-002", "It computes the checksum of a payload only where it comes in one piece.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if right.Req == "FRAME-002" && len(item.Cuts) > 0 && item.Cuts[0] > codec.HeaderSize {
				return taken(item)
			}
			return right
		}),
		decodes("forgets-the-checksum-of-headers-in-pieces", "FRAME-001", "It computes the checksum of a header only where it comes in one piece.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if right.Req == "FRAME-001" && len(item.Cuts) > 0 && item.Cuts[0] < codec.HeaderSize {
				return taken(item)
			}
			return right
		}),
		decodes("gets-stuck-byte-by-byte", "FRAME-009", "It waits for more when the last piece is a single byte.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if n := len(item.Cuts); n > 1 && right.Kind == driver.KindAccept {
				return driver.Answer{Kind: driver.KindMore}
			}
			return right
		}),
		decodes("sees-the-first-piece-alone", "DATA-001", "It parses the first piece, and throws the second away.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if len(item.Cuts) == 1 {
				item.Bytes, item.Cuts = item.Bytes[:item.Cuts[0]], nil
				return gocodec.Decode(item)
			}
			return right
		}),
		decodes("claims-cuts-and-has-none", "FRAME-009", "It claims the feature cuts and answers unsupported.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if len(item.Cuts) > 0 {
				return driver.Unsupported()
			}
			return right
		}),
	}
}

// memories are what a parser must not have.
func memories() []bug {
	with := func(name, req, doc string, start func() twist) bug {
		b := decodes(name, req, doc, nil)
		b.make = start
		return b
	}
	return []bug{
		with("keeps-its-last-fault", "MP-003", "It answers what follows a fault with that fault.", func() twist {
			var last *driver.Answer
			return twist{
				reset: func() { last = nil },
				decode: func(_ gocodec.Item, right driver.Answer) driver.Answer {
					answer := right
					if last != nil {
						answer, last = *last, nil
					}
					if right.Kind == driver.KindReject {
						last = &right
					}
					return answer
				},
			}
		}),
		with("keeps-what-was-cut-off", "FRAME-009", "It puts what it could not finish in front of the next input.", func() twist {
			var rest []byte
			return twist{
				reset: func() { rest = nil },
				item: func(item gocodec.Item) gocodec.Item {
					if item.What == testdata.OpFrame && len(item.Cuts) == 0 && len(rest) > 0 {
						item.Bytes, rest = append(rest, item.Bytes...), nil
					}
					return item
				},
				decode: func(item gocodec.Item, right driver.Answer) driver.Answer {
					if item.What == testdata.OpFrame && right.Kind == driver.KindMore {
						rest = bytes.Clone(item.Bytes)
					}
					return right
				},
			}
		}),
		with("gives-the-value-before", "FRAME-009", "It gives the value of the frame before.", func() twist {
			var last json.RawMessage
			return twist{decode: func(_ gocodec.Item, right driver.Answer) driver.Answer {
				if right.Kind == driver.KindAccept {
					right.Value, last = last, right.Value
				}
				return right
			}}
		}),
		with("trusts-headers-that-it-has-seen", "FRAME-002", "It takes a payload whose header it has taken before.", func() twist {
			seen := make(map[string]bool)
			return twist{
				reset: func() { clear(seen) },
				decode: func(item gocodec.Item, right driver.Answer) driver.Answer {
					if item.What != testdata.OpFrame || len(item.Bytes) < codec.HeaderSize {
						return right
					}
					header := string(item.Bytes[:codec.HeaderSize])
					if right.Req == "FRAME-002" && seen[header] {
						return taken(item)
					}
					seen[header] = seen[header] || right.Kind == driver.KindAccept
					return right
				},
			}
		}),
	}
}

// when refuses accepted items of a form.
func when(code string, minds func(item gocodec.Item) bool) func(gocodec.Item, driver.Answer) driver.Answer {
	return func(item gocodec.Item, right driver.Answer) driver.Answer {
		if right.Kind == driver.KindAccept && minds(item) {
			return refuse(code)
		}
		return right
	}
}

// mended parses an item that was changed.
func mended(name, req, doc string, mend func(item gocodec.Item) gocodec.Item) bug {
	b := decodes(name, req, doc, nil)
	b.make = func() twist { return twist{item: mend} }
	return b
}

// resummed gives a frame another header checksum: the right one.
func resummed(b []byte) []byte {
	b = bytes.Clone(b)
	binary.BigEndian.PutUint32(b[12:], codec.Checksum(b[:12]))
	return b
}

// checks are single checks that are missing, half done, or too strict.
func checks() []bug {
	ofFrame := func(item gocodec.Item) bool {
		return item.What == testdata.OpFrame && len(item.Bytes) >= codec.HeaderSize
	}
	valueHas := func(word string) func(item gocodec.Item) bool {
		return func(item gocodec.Item) bool { return strings.Contains(string(gocodec.Decode(item).Value), word) }
	}
	return []bug{
		mended("takes-crc-32-of-headers", "FRAME-001", "It takes CRC-32 for CRC-32C in headers.", func(item gocodec.Item) gocodec.Item {
			if ofFrame(item) && binary.BigEndian.Uint32(item.Bytes[12:]) == crc32.ChecksumIEEE(item.Bytes[:12]) {
				item.Bytes = resummed(item.Bytes)
			}
			return item
		}),
		mended("does-not-check-headers", "FRAME-001", "It does not look at the checksum of a header.", func(item gocodec.Item) gocodec.Item {
			if ofFrame(item) {
				item.Bytes = resummed(item.Bytes)
			}
			return item
		}),
		mended("does-not-check-payloads", "FRAME-002", "It does not look at the checksum of a payload.", func(item gocodec.Item) gocodec.Item {
			if !ofFrame(item) {
				return item
			}
			n := int(binary.BigEndian.Uint32(item.Bytes[4:]))
			if end := codec.HeaderSize + n; n > 0 && n < 1<<20 && len(item.Bytes) >= end+codec.TrailerSize {
				header := codec.Header{
					Type: codec.Type(item.Bytes[0]), Flags: codec.Flags(item.Bytes[1]), Reserved: binary.BigEndian.Uint16(item.Bytes[2:]),
					Stream: binary.BigEndian.Uint32(item.Bytes[8:]),
				}
				whole := codec.AppendFrame(nil, header, item.Bytes[codec.HeaderSize:end])
				rest := item.Bytes[end+codec.TrailerSize:]
				copy(whole, item.Bytes[:codec.HeaderSize]) // the header stays as it came
				item.Bytes = append(whole, rest...)
			}
			return item
		}),
		mended("takes-one-byte-over-max-frame", "FRAME-003", "It compares the length with max_frame by < in place of <=.", func(item gocodec.Item) gocodec.Item {
			item.MaxFrame++
			return item
		}),
		mended("wants-one-byte-under-max-frame", "FRAME-003", "It refuses a payload of just max_frame bytes.", func(item gocodec.Item) gocodec.Item {
			item.MaxFrame--
			return item
		}),
		mended("does-not-mind-ready", "READY-013", "It takes long frames before READY as well.", func(item gocodec.Item) gocodec.Item {
			item.BeforeReady = false
			return item
		}),
		decodes("minds-unknown-frames", "FRAME-005", "It refuses a frame of unknown type.", when("PROTOCOL", valueHas(`"frame":"0x`))),
		decodes("minds-ignored-bits", "FRAME-008", "It refuses a frame with bits that mean nothing.", when("PROTOCOL", func(item gocodec.Item) bool {
			return ofFrame(item) && (binary.BigEndian.Uint16(item.Bytes[2:]) != 0 || item.Bytes[1]&0xF0 != 0)
		})),
		decodes("minds-flags-of-openings", "HELLO-005", "It refuses an opening with flags that it does not know.", when("FOREIGN", func(item gocodec.Item) bool {
			return item.What == testdata.OpOpening && len(item.Bytes) > 9 && item.Bytes[9] != 0
		})),
		decodes("minds-empty-pieces", "DATA-002", "It refuses a piece without bytes.", when("ENCODING", valueHas(`""`))),
		decodes("minds-unknown-keys", "HELLO-011", "It refuses a HELLO or REFUSE with keys that it does not know.", when("ENCODING", func(item gocodec.Item) bool {
			return item.What == testdata.OpOpening && len(item.Bytes) > 24 && unknownKey(item.Bytes, "HELLO")
		})),
		decodes("minds-unknown-codes", "ERR-002", "It refuses an error code that is not registered.", when("PROTOCOL", valueHas(`"code":"0x`))),
		decodes("minds-times-before-1970", "BEAT-001", "It refuses a PING of a negative time.", when("ENCODING", valueHas(`"t1":"-`))),
		decodes("minds-long-deadlines", "CALL-006", "It refuses the longest deadline.", when("PROTOCOL", valueHas(`"deadline_ms":"4294967295"`))),
	}
}

// manners are about the protocol of drivers itself.
func manners() []bug {
	return []bug{
		decodes("picks-what-it-can", "MP-003", "It answers unsupported to what it would get wrong.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if item.What == testdata.OpMsgpack && right.Req == "MP-003" {
				return driver.Unsupported()
			}
			return right
		}),
		decodes("answers-by-bytes", "FRAME-004", "It answers decode as if it were encode.", func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if right.Kind == driver.KindReject && right.Req == "FRAME-004" {
				return driver.Answer{Kind: driver.KindBytes}
			}
			return right
		}),
	}
}
