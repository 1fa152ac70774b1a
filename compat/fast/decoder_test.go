package fast_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// frame makes a message with a payload of any text, and a right checksum.
func frame(d fast.Dialect, s fast.Status, id uint32, payload string) []byte {
	b, err := fast.AppendMessage(nil, d, fast.Data, int64(id&fast.MaxMsgid), []any{})
	if err != nil {
		panic(err)
	}
	b[2], b[3] = byte(s), byte(id>>24)
	return seal(append(b[:15], payload...), d)
}

// seal brings checksum and length of a message up to date.
func seal(b []byte, d fast.Dialect) []byte {
	sum, n := fast.Sum(d.Checksum, b[15:]), len(b)-15
	copy(b[7:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return b
}

// with changes bytes of a message's header.
func with(b []byte, at int, v ...byte) []byte {
	copy(b[at:], v)
	return b
}

const (
	dateRequest = `{"m":{"uts":1457475515355000,"name":"date"},"d":[]}`
	boom        = `{"m":{"uts":1,"name":"date"},"d":{"name":"Boom","message":"boom"}}`
)

// drain reads all messages of a stream.
func drain(r io.Reader) (list []fast.Message, err error) {
	reader := fast.NewReader(r, 0)
	for {
		m, err := reader.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return list, err
		}
		m.D = bytes.Clone(m.D)
		list = append(list, m)
	}
}

// TestProtocolDecoder has the 29 cases of node-fast's tst.protocol_decoder, each read at once, byte by byte where it is short.
func TestProtocolDecoder(t *testing.T) {
	v1, v2 := fast.V1, fast.V2
	request := func(d fast.Dialect) []byte { return frame(d, fast.Data, 1, dateRequest) }
	many := func(d fast.Dialect, n int, breakAt int) []byte {
		var b []byte
		for i := 1; i <= n; i++ {
			m := frame(d, fast.Data, uint32(i), dateRequest)
			if i-1 == breakAt {
				m[0] = 0
			}
			b = append(b, m...)
		}
		return b
	}
	large, err := json.Marshal(map[string]any{"m": map[string]any{"name": "x"}, "d": []any{big(10, 6)}})
	require.NoError(t, err)
	cases := []struct {
		name    string
		in      []byte
		count   int
		reason  fast.Reason
		found   uint32
		check   func(*testing.T, []fast.Message)
		andMore func(*testing.T, *fast.ProtocolError)
	}{
		{name: "01 basic DATA of version 1", in: frame(v1, fast.Data, 0xbadcafe, dateRequest), count: 1, check: func(t *testing.T, l []fast.Message) {
			require.Equal(t, fast.Message{Dialect: v1, Status: fast.Data, Msgid: 0xbadcafe, Name: "date", Named: true, D: []byte("[]")}, l[0])
		}},
		{name: "02 basic DATA of version 2", in: request(v2), count: 1, check: func(t *testing.T, l []fast.Message) { require.Equal(t, v2, l[0].Dialect) }},
		{name: "03 28 MB END", in: frame(v2, fast.End, 1, string(large)), count: 1, check: func(t *testing.T, l []fast.Message) { require.Greater(t, len(l[0].D), 25<<20) }},
		{name: "04 basic ERROR", in: frame(v2, fast.Error, 47, boom), count: 1, check: func(t *testing.T, l []fast.Message) {
			require.Equal(t, fast.Error, l[0].Status)
			require.EqualValues(t, 47, l[0].Msgid)
			require.JSONEq(t, `{"name":"Boom","message":"boom"}`, string(l[0].D))
		}},
		{name: "05 msgid 2^31-1", in: frame(v2, fast.Data, 1<<31-1, dateRequest), count: 1, check: func(t *testing.T, l []fast.Message) { require.EqualValues(t, 1<<31-1, l[0].Msgid) }},
		{name: "06 empty stream", in: nil, count: 0},
		{name: "07 10,000 messages of version 2", in: many(v2, 10000, -1), count: 10000, check: inOrder(v2)},
		{name: "08 10,000 messages of version 1", in: many(v1, 10000, -1), count: 10000, check: inOrder(v1)},
		{name: "09 10,000 messages, number 1,000 broken", in: many(v2, 10000, 1000), count: 1000, reason: fast.UnsupportedVersion, check: inOrder(v2)},
		{name: "10 version 0", in: with(request(v2), 0, 0), reason: fast.UnsupportedVersion, found: 0},
		{name: "11 version 37", in: with(request(v2), 0, 37), reason: fast.UnsupportedVersion, found: 37},
		{name: "12 type 0", in: with(request(v2), 1, 0), reason: fast.UnsupportedType, found: 0},
		{name: "13 type 2", in: with(request(v2), 1, 2), reason: fast.UnsupportedType, found: 2},
		{name: "14 status 0", in: with(request(v2), 2, 0), reason: fast.UnsupportedStatus, found: 0},
		{name: "15 status 4", in: with(request(v2), 2, 4), reason: fast.UnsupportedStatus, found: 4},
		{name: "16 msgid 2^31", in: with(request(v2), 3, 0x80, 0, 0, 0), reason: fast.InvalidMsgid, found: 1 << 31},
		{name: "17 wrong checksum", in: with(request(v2), 7, 0xde, 0xad, 0xbe, 0xef), reason: fast.BadCRC, found: 3735928559, andMore: func(t *testing.T, e *fast.ProtocolError) {
			require.Equal(t, fast.Sum(fast.New, []byte(dateRequest)), e.Expected)
			require.EqualValues(t, 2, e.Version)
		}},
		{name: "18 DATA with an object as d", in: frame(v2, fast.Data, 1, `{"m":{"name":"x"},"d":{}}`), reason: fast.BadDataD},
		{name: "19 END with an object as d", in: frame(v2, fast.End, 1, `{"m":{"name":"x"},"d":{}}`), reason: fast.BadDataD},
		{name: "20 DATA with null", in: frame(v2, fast.Data, 1, `null`), reason: fast.BadData},
		{name: "21 DATA with a string", in: frame(v2, fast.Data, 1, `"boom"`), reason: fast.BadData},
		{name: "22 ERROR with {}", in: frame(v2, fast.Error, 1, `{}`), reason: fast.BadError},
		{name: "23 ERROR with null as d", in: frame(v2, fast.Error, 1, `{"d":null}`), reason: fast.BadError},
		{name: "24 ERROR with a number as name", in: frame(v2, fast.Error, 1, `{"d":{"name":47,"message":"boom"}}`), reason: fast.BadError},
		{name: "25 end after 1 byte", in: request(v2)[:1], reason: fast.IncompleteMessage},
		{name: "26 end after the header", in: request(v2)[:15], reason: fast.IncompleteMessage},
		{name: "27 end after the header and 1 byte", in: request(v2)[:16], reason: fast.IncompleteMessage},
		{name: "28 half an object", in: frame(v2, fast.Data, 1, `{ "hello"`), reason: fast.InvalidJSON},
		{name: "29 no payload", in: frame(v2, fast.Data, 1, ``), reason: fast.InvalidJSON},
	}
	require.Len(t, cases, 29)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			readers := []io.Reader{bytes.NewReader(c.in)}
			if len(c.in) < 1<<16 {
				readers = append(readers, iotest.OneByteReader(bytes.NewReader(c.in)), iotest.DataErrReader(bytes.NewReader(c.in)))
			}
			for _, r := range readers {
				got, err := drain(r)
				require.Len(t, got, c.count)
				if c.check != nil {
					c.check(t, got)
				}
				if c.reason == "" {
					require.NoError(t, err)
					continue
				}
				e, ok := errors.AsType[*fast.ProtocolError](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, c.reason, e.Reason)
				require.Equal(t, c.found, e.Found)
				if c.andMore != nil {
					c.andMore(t, e)
				}
			}
		})
	}
}

func inOrder(d fast.Dialect) func(*testing.T, []fast.Message) {
	return func(t *testing.T, l []fast.Message) {
		for i, m := range l {
			if m.Msgid != int64(i+1) || m.Dialect != d {
				t.Fatalf("message %d has id %d and dialect %v", i, m.Msgid, m.Dialect)
			}
		}
	}
}
