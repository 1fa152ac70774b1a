package explain

import (
	"strings"
	"testing"

	"handfast/codec"
)

// values lists NAME=VALUE of the fields inside payloads.
func values(e *Explanation) string {
	var list []string
	for i := range e.Packets {
		for _, f := range e.Packets[i].Fields {
			if f.Depth > 0 {
				list = append(list, f.Name+"="+f.Value)
			}
		}
	}
	return strings.Join(list, " ")
}

func TestCallFromEachSide(t *testing.T) {
	caller := join(open(1, "call"), data(1, 0, request("echo"), codec.AppendCallArg(nil, []byte("more"))), data(1, codec.FlagFin))
	want := `proto="call" ver=1 kind=1 REQUEST reserved=00 method_length=4 deadline_ms=0 for ever method="echo" args="args" kind=4 ARG value="more"`
	if got := values(checked(t, caller, Options{})); got != want {
		t.Errorf("caller\ngot  %s\nwant %s", got, want)
	}
	accepted := join(must(codec.Accept{Stream: 1}.AppendFrame(nil)), data(1, 0, codec.AppendCallReply(nil, []byte("one"))), data(1, codec.FlagFin, callError()))
	e := checked(t, join(sampleHello(), ready(), accepted), Options{})
	if got := values(e); e.Fault != nil || !strings.HasSuffix(got, `kind=2 REPLY value="one" kind=3 ERROR body=map of 3 entries code=8003 CALL_FAILED processed="maybe" text="why"`) {
		t.Errorf("callee: %v\n%s", e.Fault, got)
	}
	if got := values(checked(t, accepted, Options{})); got != `piece=4 bytes piece=32 bytes` && !strings.HasPrefix(got, "piece=") {
		t.Errorf("without READY nobody knows what the stream is: %s", got)
	}
	if got := values(checked(t, join(open(1, "x.other"), data(1, 0, request("echo"))), Options{})); !strings.HasSuffix(got, "piece=16 bytes") {
		t.Errorf("another sub-protocol: %s", got)
	}
}

func TestCallFaults(t *testing.T) {
	opened, accepted := open(1, "call"), join(sampleHello(), ready(), must(codec.Accept{Stream: 1}.AppendFrame(nil)))
	arg, reply := codec.AppendCallArg(nil, nil), codec.AppendCallReply(nil, nil)
	inPiece := func(before []byte, n int) int { return len(before) + codec.HeaderSize + lengthSize + n }
	tests := []struct {
		name   string
		b      []byte
		field  string
		offset int
		req    string
	}{
		{"ARG first", join(opened, data(1, 0, arg)), "kind", inPiece(opened, 0), "CALL-002"},
		{"method too long", join(opened, data(1, 0, []byte("\x01\x00\x00\x09\x00\x00\x00\x00ab"))), "method_length", inPiece(opened, 2), "CALL-002"},
		{"method with a space", join(opened, data(1, 0, []byte("\x01\x00\x00\x02\x00\x00\x00\x00a b"))), "method", inPiece(opened, 8), "CALL-002"},
		{"half a REQUEST", join(opened, data(1, 0, []byte("\x01\x00\x00\x02"))), "deadline_ms", inPiece(opened, 4), "CALL-002"},
		{"empty message", join(opened, data(1, 0, nil)), "piece length", len(opened) + 16, "CALL-002"},
		{"second REQUEST", join(opened, data(1, 0, request("a"), request("b"))), "kind", inPiece(opened, len(request("a"))+4), "CALL-010"},
		{"unknown kind", join(opened, data(1, 0, request("a"), []byte("\x09x"))), "kind", inPiece(opened, len(request("a"))+4), "CALL-010"},
		{"FIN alone", join(opened, data(1, codec.FlagFin)), "flags", len(opened) + 1, "CALL-012"},
		{"callee sends ARG", join(accepted, data(1, 0, arg)), "kind", inPiece(accepted, 0), "CALL-016"},
		{"after ERROR", join(accepted, data(1, 0, callError(), reply)), "kind", inPiece(accepted, len(callError())+4), "CALL-016"},
		{"ERROR without map", join(accepted, data(1, 0, []byte("\x03"))), "body", inPiece(accepted, 1), "MP-013"},
		{"ERROR without keys", join(accepted, data(1, 0, []byte("\x03\x80"))), "body", inPiece(accepted, 1), "CALL-013"},
		{"in the last part", join(opened, data(1, codec.FlagMore, []byte("\x01\x00\x00\x02\x00\x00\x00\x00a")), data(1, 0, []byte(" x"))),
			"piece", inPiece(opened, 9) + 4 + 20, "CALL-002"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			e := checked(t, tc.b, Options{})
			f, _ := faulty(e)
			if f == nil || f.Name != tc.field || e.Fault.Offset != tc.offset || e.Fault.Req != tc.req || e.Fault.Scope != codec.ScopeStream {
				t.Errorf("%v in %+v; want [%s] at %d in %s", e.Fault, f, tc.req, tc.offset, tc.field)
			}
		})
	}
}

func TestJoinedMessages(t *testing.T) {
	msg := request("a-method")
	b := join(open(1, "call"), data(1, codec.FlagMore, msg[:10]), codec.Ping{}.AppendFrame(nil), data(1, codec.FlagMore, msg[10:12]),
		data(1, 0, msg[12:], codec.AppendCallArg(nil, []byte("x"))))
	e := checked(t, b, Options{})
	want := `kind=1 REQUEST reserved=00 method_length=8 deadline_ms=0 for ever method=cut short piece="me" piece="thodargs" kind=4 ARG value="x"`
	if got := values(e); e.Fault != nil || !strings.HasSuffix(got, want) {
		t.Errorf("%v\ngot  %s\nwant %s", e.Fault, got, want)
	}
}

func TestMessageAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		b   []byte
		req string
	}{
		"request":      {request("m"), ""},
		"reply":        {codec.AppendCallReply(nil, nil), ""},
		"error":        {callError(), ""},
		"unknown":      {[]byte{7, 7}, "CALL-010"},
		"bad request":  {[]byte{1, 0}, "CALL-002"},
		"bad error":    {[]byte{3, 0xC0}, "CALL-013"},
		"error no map": {[]byte{3}, "MP-013"},
	} {
		e := checked(t, tc.b, Options{What: Call})
		if req := reqOf(e.Fault); req != tc.req || !strings.HasPrefix(e.Packets[0].Name, "call ") {
			t.Errorf("%s: %v", name, e.Fault)
		}
	}
}

func reqOf(e *codec.Error) string {
	if e == nil {
		return ""
	}
	return e.Req
}
