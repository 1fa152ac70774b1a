package lax

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// encodings are about what a parser writes.
func encodings() []bug {
	writes := func(name, req, doc string, change func(r driver.Request, b []byte) []byte) bug {
		b := decodes(name, req, doc, nil)
		b.make = func() twist {
			return twist{encode: func(r driver.Request, right driver.Answer) driver.Answer {
				raw, err := hex.DecodeString(right.Hex)
				if right.Kind != driver.KindBytes || err != nil {
					return right
				}
				right.Hex = hex.EncodeToString(change(r, raw))
				return right
			}}
		}
		return b
	}
	of := func(what string, least int, change func(b []byte) []byte) func(driver.Request, []byte) []byte {
		return func(r driver.Request, b []byte) []byte {
			if r.Args["what"] == what && len(b) >= least {
				return change(b)
			}
			return b
		}
	}
	repeats := decodes("repeats-what-it-read", "FRAME-008", "It keeps the bytes of a value and writes them again.", nil)
	repeats.make = func() twist {
		last := make(map[string]string) // value -> bytes
		return twist{
			decode: func(item gocodec.Item, right driver.Answer) driver.Answer {
				if right.Kind == driver.KindAccept && strconv.Itoa(len(item.Bytes)) == right.Consumed {
					last[same(right.Value)] = hex.EncodeToString(item.Bytes)
				}
				return right
			},
			encode: func(r driver.Request, right driver.Answer) driver.Answer {
				if b, ok := last[same(r.Value)]; ok {
					right.Hex = b
				}
				return right
			},
		}
	}
	mute := decodes("claims-encode-and-has-none", "FRAME-009", "It claims the feature encode and answers unsupported.", nil)
	mute.make = func() twist {
		return twist{encode: func(driver.Request, driver.Answer) driver.Answer { return driver.Unsupported() }}
	}
	confused := decodes("answers-encode-by-accept", "FRAME-009", "It answers encode as if it were decode.", nil)
	confused.make = func() twist {
		return twist{encode: func(driver.Request, driver.Answer) driver.Answer { return driver.Answer{Kind: driver.KindAccept} }}
	}
	return []bug{
		writes("writes-small-integers-long", "MP-003", "It writes small integers as uint 8.", of(testdata.OpMsgpack, 1, func(b []byte) []byte {
			if b[0] < 0x80 {
				return append([]byte{0xCC}, b...)
			}
			return b
		})),
		writes("writes-short-strs-long", "MP-004", "It writes short strs as str 8.", of(testdata.OpMsgpack, 1, func(b []byte) []byte {
			if b[0]&0xE0 == 0xA0 {
				return append([]byte{0xD9, b[0] & 0x1F}, b[1:]...)
			}
			return b
		})),
		writes("writes-maps-in-any-order", "MP-010", "It writes the keys of a map backwards.", func(r driver.Request, b []byte) []byte {
			if r.Args["what"] != testdata.OpMsgpack {
				return b
			}
			v, err := codec.DecodeValue(b)
			m, ok := v.(map[string]any)
			if err != nil || !ok {
				return b
			}
			keys := sortedKeys(m)
			slices.Reverse(keys)
			out := codec.AppendMapHeader(nil, len(keys))
			for _, key := range keys {
				value, err := codec.AppendValue(nil, m[key])
				if err != nil {
					return b
				}
				out = append(codec.AppendStr(out, key), value...)
			}
			return out
		}),
		writes("writes-wrong-header-sums", "FRAME-009", "It writes the checksum of a header upside down.", of(testdata.OpFrame, codec.HeaderSize, func(b []byte) []byte {
			slices.Reverse(b[12:16])
			return b
		})),
		writes("writes-wrong-payload-sums", "FRAME-002", "It writes zero for the checksum of a payload.", of(testdata.OpFrame, codec.HeaderSize+1, func(b []byte) []byte {
			clear(b[len(b)-codec.TrailerSize:])
			return b
		})),
		writes("writes-reserved-bits", "FRAME-008", "It writes something into the reserved bytes of a header.", of(testdata.OpFrame, codec.HeaderSize, func(b []byte) []byte {
			b[3] = 1
			return resummed(b)
		})),
		writes("loses-flags", "DATA-005", "It writes no flags.", of(testdata.OpFrame, codec.HeaderSize, func(b []byte) []byte {
			b[1] = 0
			return resummed(b)
		})),
		writes("writes-a-byte-behind", "FRAME-009", "It writes a byte behind the frame.", of(testdata.OpFrame, 0, func(b []byte) []byte { return append(b, 0) })),
		writes("writes-no-nil", "MP-001", "It writes false for nil.", of(testdata.OpMsgpack, 1, func(b []byte) []byte {
			if b[0] == 0xC0 {
				return []byte{0xC2}
			}
			return b
		})),
		writes("writes-another-deadline", "CALL-006", "It writes a deadline in seconds.", of(testdata.OpCall, 8, func(b []byte) []byte {
			if b[0] == byte(codec.CallKindRequest) {
				binary.BigEndian.PutUint32(b[4:], binary.BigEndian.Uint32(b[4:])/1000)
			}
			return b
		})),
		writes("writes-wrong-opening-sums", "HELLO-010", "It writes the checksum of an opening upside down.", of(testdata.OpOpening, codec.OpeningSize, func(b []byte) []byte {
			slices.Reverse(b[20:24])
			return b
		})),
		repeats, mute, confused,
	}
}

// same gives one text for equal JSON values.
func same(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
