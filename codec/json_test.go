package codec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMessageJSON(t *testing.T) {
	for _, tc := range []struct {
		m    Message
		want string
	}{
		{Ping{5, -1, 250}, `{"frame":"PING","echo":"5","t1":"-1","err_us":"250"}`},
		{Credit{0, 1 << 62}, `{"frame":"CREDIT","stream":"0","max":"4611686018427387904"}`},
		{Drain{7, 0x0605, 9}, `{"frame":"DRAIN","last":"7","code":"0x00000605","deadline_ms":"9"}`},
		{Close{CodeCalm, RetryNever, "a\"b"}, `{"frame":"CLOSE","code":"CALM","retry_ms":"4294967295","text":"a\"b"}`},
		{Open{Stream: 1, Proto: "call", Ver: 1}, `{"frame":"OPEN","stream":"1","proto":"call","ver":"1"}`},
		{Accept{Stream: 1, Params: []byte{}}, `{"frame":"ACCEPT","stream":"1","params":""}`},
		{Data{1, NewPieces(FlagFin, []byte{0, 255}, nil)}, `{"frame":"DATA","stream":"1","flags":"FIN","pieces":["00ff",""]}`},
		{Data{1, NewPieces(FlagFin)}, `{"frame":"DATA","stream":"1","flags":"FIN","pieces":[]}`},
		{Ack{Stream: 1, Ranges: []Range{{2, 3}}}, `{"frame":"ACK","stream":"1","stable":"0","delay_us":"0","ranges":[{"first":"2","last":"3"}]}`},
		{Ack{Stream: 1}, `{"frame":"ACK","stream":"1","stable":"0","delay_us":"0","ranges":[]}`},
		{Records{1, FlagMore | FlagPossibleDup, 9, NewPieces(FlagMore, []byte{1})}, `{"frame":"RECORDS","stream":"1","flags":"MORE|POSSIBLE_DUP","seq":"9","pieces":["01"]}`},
		{Unknown{0x1B, 0x70, 3, 4, nil}, `{"frame":"0x1B","flags":"0x70","reserved":"3","stream":"4","payload":""}`},
		{&Ready{Version: 1, Caps: Caps{"probe.min": int64(3)}, Protos: map[string]uint16{"call": 1}}, `{"frame":"READY","ver":"1","caps":{"probe.min":{"int":"3"}},"protos":{"call":"1"},"th":"0000000000000000000000000000000000000000000000000000000000000000"}`},
	} {
		got, err := MessageJSON(tc.m)
		require.NoError(t, err)
		require.Equal(t, tc.want, string(got))
		m, err := MessageFromJSON(got)
		require.NoError(t, err)
		require.Equal(t, encoded(t, tc.m), encoded(t, m))
	}
}

func TestMessageFromJSONRefuses(t *testing.T) {
	for _, j := range []string{
		``, `null`, `[]`, `{}`, `{"frame":"NONE"}`, `{"frame":5}`, `{"frame":"0x02"}`, `{"frame":"0x1b"}`, `{"frame":"0x100"}`,
		`{"frame":"STREAMS"}`,
		`{"frame":"STREAMS","max":5}`,
		`{"frame":"STREAMS","max":"05"}`,
		`{"frame":"STREAMS","max":"-1"}`,
		`{"frame":"STREAMS","max":"18446744073709551616"}`,
		`{"frame":"STREAMS","max":null}`,
		`{"frame":"STREAMS","max":"5","more":"1"}`,
		`{"frame":"STREAMS","max":"5"} x`,
		`{"frame":"CREDIT","max":"5"}`,
		`{"frame":"CLOSE","code":"NOPE","retry_ms":"1","text":""}`,
		`{"frame":"CLOSE","code":"0x00000101","retry_ms":"1","text":""}`,
		`{"frame":"CLOSE","code":"5","retry_ms":"1","text":""}`,
		`{"frame":"ACCEPT","stream":"1","params":"0G"}`,
		`{"frame":"ACCEPT","stream":"1","params":"0A"}`,
		`{"frame":"ACCEPT","stream":"1","params":null}`,
		`{"frame":"DATA","stream":"1","flags":"0","pieces":null}`,
		`{"frame":"DATA","stream":"1","flags":"","pieces":[]}`,
		`{"frame":"DATA","stream":"1","flags":"MORE|FIN","pieces":[]}`,
		`{"frame":"DATA","stream":"1","flags":"LESS","pieces":[]}`,
		`{"frame":"DATA","stream":"1","flags":"POSSIBLE_DUP","pieces":[]}`,
		`{"frame":"0x1B","flags":"0xg0","reserved":"0","stream":"0","payload":""}`,
		`{"frame":"0x1B","flags":"0","reserved":"65536","stream":"0","payload":""}`,
		`{"frame":"READY","ver":"1","caps":{},"protos":{},"th":"00"}`,
		`{"frame":"READY","ver":"65536","caps":{},"protos":{},"th":"0000000000000000000000000000000000000000000000000000000000000000"}`,
		`{"frame":"READY","ver":"1","caps":{"a":5},"protos":{},"th":"0000000000000000000000000000000000000000000000000000000000000000"}`,
		`{"frame":"READY","ver":"1","caps":{},"protos":{"a":"65536"},"th":"0000000000000000000000000000000000000000000000000000000000000000"}`,
	} {
		_, err := MessageFromJSON([]byte(j))
		require.Error(t, err, j)
		requireFault(t, err)
	}
	_, err := MessageJSON(Unknown{Type: TypePing})
	requireFault(t, err)
	_, err = MessageJSON(&Ready{Caps: Caps{"a": 1.5}})
	require.ErrorIs(t, err, &Error{Code: CodeEncoding})
}

func TestOpeningJSON(t *testing.T) {
	j, err := OpeningJSON(Opening{Refuse: sampleRefuse()})
	require.NoError(t, err)
	require.Equal(t, `{"kind":"REFUSE","code":"NEED_UNMET","need":["a"],"retry_ms":"5","text":"why","vers":["1"]}`, string(j))
	for _, j := range []string{
		``, `{}`, `{"kind":"HELLO"}`, `{"kind":"0x0003"}`, `{"kind":"0x0001"}`, `{"kind":"REFUSE"}`,
		`{"kind":"REFUSE","code":"CALM","vers":["65536"]}`,
		`{"kind":"REFUSE","code":"CALM","vers":[1]}`,
		`{"kind":"REFUSE","code":"CALM","vers":["1"],"retry_ms":"4294967296"}`,
		`{"kind":"REFUSE","code":"CALM","vers":["1"],"need":null}`,
		`{"kind":"REFUSE","code":"CALM","vers":["1"],"text":""}`,
	} {
		_, err := OpeningFromJSON([]byte(j))
		requireFault(t, err)
	}
	good, err := OpeningJSON(Opening{Hello: sampleHello()})
	require.NoError(t, err)
	_, err = OpeningFromJSON(good)
	require.NoError(t, err)
	for _, change := range [][2]string{
		{`"vers":["14970","1"]`, `"vers":["65536"]`},
		{`"call":["1"]`, `"call":["65536"]`},
		{`"incarnation":"7"`, `"incarnation":"07"`},
		{`"incarnation":"7"`, `"incarnation":7`},
		{`"probe.max":{"int":"9"}`, `"probe.max":9`},
		{`"node":"01`, `"node":"`},
		{`"cluster":"00`, `"cluster":"`},
		{`"nonce":"00`, `"nonce":"`},
		{`"idle_ms":"20000",`, ``},
		{`"need":["probe.and"],`, ``},
	} {
		bad := strings.Replace(string(good), change[0], change[1], 1)
		require.NotEqual(t, string(good), bad, "%s is not in %s", change[0], good)
		_, err := OpeningFromJSON([]byte(bad))
		requireFault(t, err)
	}
	_, err = OpeningJSON(Opening{})
	requireFault(t, err)
	h := sampleHello()
	h.Caps["x.bad"] = 1.5
	_, err = OpeningJSON(Opening{Hello: h})
	requireFault(t, err)
}

// Every registered name is its own text form, and every number has one.
func TestNames(t *testing.T) {
	for n := range 256 {
		text, err := Type(n).MarshalText()
		require.NoError(t, err)
		var back Type
		require.NoError(t, back.UnmarshalText(text), "%s", text)
		require.Equal(t, Type(n), back)
		text, err = Flags(n).MarshalText()
		require.NoError(t, err)
		var flags Flags
		require.NoError(t, flags.UnmarshalText(text), "%s", text)
		require.Equal(t, Flags(n), flags)
	}
	for _, c := range []Code{0, 1, 2, 0x101, 0x1234, 0x8001, 1<<32 - 1} {
		text, err := c.MarshalText()
		require.NoError(t, err)
		var back Code
		require.NoError(t, back.UnmarshalText(text), "%s", text)
		require.Equal(t, c, back)
	}
	for _, k := range []Kind{0, 1, 2, 3, 65535} {
		text, err := k.MarshalText()
		require.NoError(t, err)
		var back Kind
		require.NoError(t, back.UnmarshalText(text), "%s", text)
		require.Equal(t, k, back)
	}
	var k Kind
	require.Error(t, k.UnmarshalText([]byte("0x10000")))
	require.Error(t, k.UnmarshalText([]byte("HELL")))
}
