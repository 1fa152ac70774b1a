package main

import (
	"math"
	"strings"

	"handfast/testdata"
)

// callArea is the messages of spec/call.md.
func callArea() *area {
	a := &area{name: "call", op: testdata.OpCall}
	a.turn = testdata.TurnRequest
	callRequest(a)
	a.turn = testdata.TurnArg
	callArg(a)
	a.turn = testdata.TurnReply
	callReply(a)
	callBadError(a)
	return a
}

// request makes a REQUEST. n is its method_length.
func request(n uint16, deadline uint32, method, args hexed) hexed {
	return join("01", "00", u16(n), u32(deadline), method, args)
}

func requestForm(method string, deadline uint64, args hexed) object {
	return form("kind", "REQUEST", "deadline_ms", dec(deadline), "method", method, "args", args.plain())
}

func callRequest(a *area) {
	echo := text("echo")
	long := strings.Repeat("m", 128)
	a.about("CALL-002")
	a.ok("request", "a REQUEST", "the twin of most faults", request(4, 5000, echo, "70696e67"), requestForm("echo", 5000, "70696e67"))
	a.ok("request-without-args", "a REQUEST without args", "the method may be the last", request(4, 5000, echo, ""), requestForm("echo", 5000, ""))
	a.ok("request-method-of-1", "a method of one byte", "the shortest", request(1, 5000, "21", ""), requestForm("!", 5000, ""))
	a.ok("request-method-of-128", "a method of 128 bytes", "the longest", request(128, 5000, text(long), "00"), requestForm(long, 5000, "00"))
	a.ok("request-method-of-all-signs", "a method from 21 to 7E", "both ends of what is printable", request(4, 5000, "217e2f5c", ""), requestForm(`!~/\`, 5000, ""))
	a.about("CALL-007")
	a.ok("request-for-ever", "deadline_ms 0", "for ever, and not passed already", request(4, 0, echo, ""), requestForm("echo", 0, ""))
	a.about("CALL-006")
	a.ok("request-longest-deadline", "deadline_ms FFFFFFFF", "49 days: negative in 32 signed bits, and the sum with a clock overflows", request(4, math.MaxUint32, echo, ""), requestForm("echo", math.MaxUint32, ""))
	a.about("CALL-002")
	v := a.other("request-reserved-set", "a REQUEST with reserved set", "reserved is ignored", "01 ff 0004 00001388 6563686f", requestForm("echo", 5000, ""))
	v.Notes = "differs from request-without-args in reserved alone"
	a.about()
	broken := func(at int) testdata.Fault { return streamFault("CALL-002", at) }
	a.no("request-empty", "request", broken(0), "a message of no bytes", "a read of the kind behind the message", "")
	a.no("request-kind-0", "request", broken(0), "kind 0", "a field that was never set", join("00", raw(request(4, 5000, echo, "70696e67").bytes()[1:])))
	a.no("request-kind-5", "request", broken(0), "kind 5", "no such kind", join("05", raw(request(4, 5000, echo, "70696e67").bytes()[1:])))
	a.no("request-kind-255", "request", broken(0), "kind FF", "-1 in 8 signed bits", join("ff", raw(request(4, 5000, echo, "70696e67").bytes()[1:])))
	a.no("request-is-arg", "request", broken(0), "an ARG as the first message", "REQUEST comes first", join("04", raw(request(4, 5000, echo, "70696e67").bytes()[1:])))
	a.no("request-is-reply", "request", broken(0), "a REPLY as the first message", "a caller does not reply", join("02", raw(request(4, 5000, echo, "70696e67").bytes()[1:])))
	a.no("request-of-7", "request-method-of-1", broken(7), "a REQUEST of 7 bytes", "a read of the deadline behind the message", request(1, 5000, "", "").cut(1))
	a.no("request-of-1", "request-method-of-1", broken(1), "a REQUEST of its kind alone", "a read of the length behind the message", "01")
	a.no("request-without-method", "request-method-of-1", broken(2), "a method_length of 1 and no method", "a read behind the message", request(1, 5000, "", ""))
	a.no("request-method-cut", "request-without-args", broken(2), "a method_length of 5 and 4 bytes", "a read behind the message", request(5, 5000, echo, ""))
	a.no("request-method-length-65535", "request", broken(2), "a method_length of 65,535", "negative in 16 signed bits", request(65535, 5000, echo, "70696e67"))
	a.no("request-method-length-in-little-endian", "request", broken(2), "a method_length of 4 in little-endian", "an encoder that writes integers as its processor has them", request(0x0400, 5000, echo, "70696e67"))
	for _, r := range []struct {
		slug, twin string
		n          uint16
		method     hexed
		title, why string
	}{
		{"request-method-of-0", "request-method-of-1", 0, "", "a method of no bytes", "a dispatch table with an entry for the empty name"},
		{"request-method-of-129", "request-method-of-128", 129, text(long + "m"), "a method of 129 bytes", "off by one in the limit"},
		{"request-method-with-a-space", "request-method-of-all-signs", 4, "217e2020", "a space in the method", "logs and metrics are cut at spaces"},
		{"request-method-with-del", "request-method-of-all-signs", 4, "217e2f7f", "DEL in the method", "off by one at the end of what is printable"},
		{"request-method-with-nul", "request-method-of-all-signs", 4, "217e2f00", "00 in the method", "C programs see another method, perhaps one that is allowed"},
		{"request-method-with-a-line-feed", "request-method-of-all-signs", 4, "217e2f0a", "a line feed in the method", "a line of the log that nobody wrote"},
		{"request-method-beyond-ascii", "request-method-of-all-signs", 4, "217ec3a9", "e with acute in the method", "valid UTF-8, and not ASCII"},
		{"request-method-byte-ff", "request-method-of-all-signs", 4, "217e2fff", "FF in the method", "less than 21 to a comparison of signed bytes, and no UTF-8"},
	} {
		args := hexed("")
		if r.slug == "request-method-of-129" {
			args = "00"
		}
		a.no(r.slug, r.twin, broken(8), r.title, r.why, request(r.n, 5000, r.method, args))
	}
}

func callArg(a *area) {
	a.about("CALL-010")
	a.ok("arg", "an ARG", "a further argument", "04 70696e67", form("kind", "ARG", "value", "70696e67"))
	a.ok("arg-empty", "an ARG of no bytes", "an argument of no bytes is an argument", "04", form("kind", "ARG", "value", ""))
	a.about()
	a.no("arg-without-kind", "arg-empty", streamFault("CALL-010", 0), "a message of no bytes", "a read of the kind behind the message", "")
	a.no("arg-kind-0", "arg", streamFault("CALL-010", 0), "kind 0", "a field that was never set", "00 70696e67")
	a.no("arg-kind-1", "arg", streamFault("CALL-010", 0), "a second REQUEST", "a dispatcher that begins a call with each of them", "01 00 0004 00001388 6563686f")
	a.no("arg-kind-2", "arg", streamFault("CALL-010", 0), "a REPLY from the caller", "a reader without sides", "02 70696e67")
	a.no("arg-kind-5", "arg", streamFault("CALL-010", 0), "kind 5", "no such kind", "05 70696e67")
	a.no("arg-kind-132", "arg", streamFault("CALL-010", 0), "kind 84", "a reader that masks the first bit takes it for ARG", "84 70696e67")
}

// failed is the map of an ERROR.
func failed() body {
	return body{{"code", mpInt(0x8003), "CALL_FAILED"}, {"processed", mpStr("no"), "no"}}
}

func fullFailed() body {
	return failed().with("data", mpBin("00ff"), "00ff").with("name", mpStr("NotFound"), "NotFound").
		with("retry_ms", mpInt(250), "250").with("text", mpStr("no such key"), "no such key")
}

func failedForm(b body) object {
	f := object{{"kind", "ERROR"}}
	for _, key := range []string{"code", "data", "name", "processed", "retry_ms", "text"} {
		f = append(f, form(key, b.form(key))...)
	}
	return f
}

func failure(b body) hexed { return join("03", b.hexed()) }

func callReply(a *area) {
	yes := func(slug, title, why string, b body) *testdata.Vector {
		return a.ok(slug, title, why, failure(b), failedForm(b))
	}
	b := failed()
	a.about("CALL-016")
	a.ok("reply", "a REPLY", "the rest is the method's", "02 70696e67", form("kind", "REPLY", "value", "70696e67"))
	a.ok("reply-empty", "a REPLY of no bytes", "a result of no bytes is a result", "02", form("kind", "REPLY", "value", ""))
	a.about()
	for _, r := range []struct {
		slug, title, why string
		in               hexed
	}{
		{"reply-without-kind", "a message of no bytes", "a read of the kind behind the message", ""},
		{"reply-kind-0", "kind 0", "a field that was never set", "00 70696e67"},
		{"reply-kind-1", "a REQUEST from the callee", "a reader without sides", "01 00 0004 00001388 6563686f"},
		{"reply-kind-4", "an ARG from the callee", "a reader without sides", "04 70696e67"},
		{"reply-kind-5", "kind 5", "no such kind", "05 70696e67"},
		{"reply-kind-130", "kind 82", "a reader that masks the first bit takes it for REPLY", "82 70696e67"},
	} {
		twin := "reply"
		if r.in == "" {
			twin = "reply-empty"
		}
		a.no(r.slug, twin, streamFault("CALL-016", 0), r.title, r.why, r.in)
	}
	a.about("CALL-013")
	yes("error", "an ERROR with what is required", "the twin of most faults", b)
	yes("error-with-all-keys", "an ERROR with every key", "the optional ones", fullFailed())
	yes("error-processed-maybe", "processed maybe", "one of three words", b.with("processed", mpStr("maybe"), "maybe"))
	yes("error-processed-yes", "processed yes", "one of three words", b.with("processed", mpStr("yes"), "yes"))
	yes("error-code-0", "code 0", "an ERROR all the same", b.with("code", "00", "NO_ERROR"))
	yes("error-code-2-32-less-1", "code FFFFFFFF", "the greatest; negative in 32 signed bits", b.with("code", mpInt(1<<32-1), "0xFFFFFFFF"))
	yes("error-name-of-64", "a name of 64 bytes", "the longest", b.with("name", mpStr(strings.Repeat("n", 64)), strings.Repeat("n", 64)))
	yes("error-text-of-1024", "a text of 1,024 bytes", "the longest: more than that of CLOSE", b.with("text", mpStr(strings.Repeat("t", 1024)), strings.Repeat("t", 1024)))
	yes("error-data-empty", "data of no bytes", "empty, and not absent", b.with("data", "c400", ""))
	yes("error-retry-never", "retry_ms FFFFFFFF", "never", b.with("retry_ms", mpInt(1<<32-1), "4294967295"))
	a.about("ERR-002")
	yes("error-unknown-code", "a code that is not registered", "an unknown code is a code", b.with("code", mpInt(0x8099), "0x00008099"))
	a.about("CALL-015")
	odd := b.with("a", "c0", nil).with("zz", "80", nil)
	a.other("error-unknown-keys", "unknown keys before and behind the known ones", "a later version says more", failure(odd), failedForm(b))
}

// callBadError is an ERROR that is none: a caller takes the call for failed in any case, and must not crash on it.
func callBadError(a *area) {
	b := failed()
	at := func(b body, key string) int { return 1 + b.offset(key) }
	a.about("CALL-016")
	no := func(slug, twin, req string, at int, title, why string, in hexed) {
		v := a.no(slug, twin, streamFault(req, at), title, why, in)
		v.Req = with(v.Req, "CALL-013")
	}
	size := b.hexed().len()
	no("error-empty", "error", "MP-013", 1, "an ERROR of its kind alone", "a decoder gives an empty map for it", "03")
	no("error-nil", "error", "CALL-013", 1, "an ERROR of nil", "a decoder gives an empty map for it", "03 c0")
	no("error-text-alone", "error", "CALL-013", 1, "an ERROR of a text", "an error is a text in many languages", "03 "+mpStr("no"))
	no("error-and-a-byte", "error", "MP-012", 1+size, "one byte behind the map", "a check for the end", failure(b)+" 00")
	no("error-cut", "error", "MP-013", at(b, "processed"), "an ERROR without its last byte", "the message is whole: only the map says that something is missing", failure(b).cut(1))
	descending := body{b[1], b[0]}
	no("error-descending", "error", "MP-010", 1+descending.start(1), "processed before code", "encoders that write fields in the order of a struct", failure(descending))
	no("error-long-int", "error-code-0", "MP-003", at(b, "code"), "code 0 in five bytes", "an encoder that goes by the variable's type writes it", failure(b.with("code", "ce00000000", nil)))
	no("error-without-code", "error", "CALL-013", 1, "no code", "a decoder into a struct leaves 0, which is NO_ERROR", failure(b.without("code")))
	no("error-without-processed", "error", "CALL-013", 1, "no processed", "whether the call may be made again depends on it", failure(b.without("processed")))
	for _, r := range []struct {
		slug, twin, key string
		value           hexed
		title, why      string
	}{
		{"error-code-2-32", "error-code-2-32-less-1", "code", "cf0000000100000000", "code 2^32", "cut to 32 bits it is NO_ERROR"},
		{"error-code-minus-1", "error-code-2-32-less-1", "code", "ff", "code -1", "cut to 32 bits it is FFFFFFFF"},
		{"error-code-str", "error", "code", mpStr("CALL_FAILED"), "the name of a code", "codes are numbers"},
		{"error-processed-true", "error-processed-yes", "processed", "c3", "processed is true", "there are three answers"},
		{"error-processed-upper-case", "error", "processed", mpStr("No"), "processed is No", "words are compared as bytes"},
		{"error-processed-empty", "error", "processed", mpStr(""), "processed is empty", "a field that was never set"},
		{"error-processed-other", "error", "processed", mpStr("perhaps"), "processed is another word", "a caller that does not know it tries again, or does not"},
		{"error-processed-nil", "error", "processed", "c0", "processed is nil", "a field that was never set"},
		{"error-name-of-65", "error-name-of-64", "name", mpStr(strings.Repeat("n", 65)), "a name of 65 bytes", "off by one in the limit"},
		{"error-text-of-1025", "error-text-of-1024", "text", mpStr(strings.Repeat("t", 1025)), "a text of 1,025 bytes", "off by one in the limit"},
		{"error-data-str", "error-data-empty", "data", mpStr(""), "data is a str", "old encoders write bytes as str"},
		{"error-retry-2-32", "error-retry-never", "retry_ms", "cf0000000100000000", "retry_ms 2^32", "cut to 32 bits it is 0, at once"},
		{"error-retry-nil", "error-retry-never", "retry_ms", "c0", "retry_ms is nil", "an optional key is left out, and not nil"},
	} {
		bad := b.with(r.key, r.value, nil)
		no(r.slug, r.twin, "CALL-013", at(bad, r.key), r.title, r.why, failure(bad))
	}
}
