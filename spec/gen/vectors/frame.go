package main

import "strings"

// frame is a frame in parts. Its methods give changed copies.
type frame struct {
	kind     uint8
	flags    uint8
	reserved uint16
	stream   uint32
	payload  hexed
	length   *uint32 // instead of the right one
	sum      *uint32 // the header's, instead of the right one
	trailer  *uint32 // instead of the right one
}

// The frame types.
const (
	tREADY   = 0x01
	tPING    = 0x02
	tPONG    = 0x03
	tCREDIT  = 0x04
	tSTREAMS = 0x05
	tDRAIN   = 0x06
	tCLOSE   = 0x07
	tOPEN    = 0x10
	tACCEPT  = 0x11
	tREJECT  = 0x12
	tDATA    = 0x13
	tRESET   = 0x14
	tRECORDS = 0x20
	tACK     = 0x21
	tGAP     = 0x22
)

// The flags.
const (
	fin         = 0x01
	more        = 0x02
	possibleDup = 0x04
	critical    = 0x80
)

// head is bytes 0 to 11.
func (f frame) head() hexed {
	length := uint32(f.payload.len())
	if f.length != nil {
		length = *f.length
	}
	return join(u8(f.kind), u8(f.flags), u16(f.reserved), u32(length), u32(f.stream))
}

func (f frame) rightSum() uint32 { return crc32c(f.head()) }

// rightTrailer leaves the header's checksum out.
func (f frame) rightTrailer() uint32 { return crc32c(f.head(), f.payload) }

// header is the 16 bytes, behind which nothing comes.
func (f frame) header() hexed {
	sum := f.rightSum()
	if f.sum != nil {
		sum = *f.sum
	}
	return join(f.head(), u32(sum))
}

func (f frame) hexed() hexed {
	if f.payload == "" {
		return f.header()
	}
	trailer := f.rightTrailer()
	if f.trailer != nil {
		trailer = *f.trailer
	}
	return join(f.header(), f.payload, u32(trailer))
}

func (f frame) of(kind uint8) frame { f.kind = kind; return f }

func (f frame) on(stream uint32) frame { f.stream = stream; return f }

func (f frame) flagged(flags uint8) frame { f.flags = flags; return f }

func (f frame) saying(payload hexed) frame { f.payload = payload; return f }

// short and long take bytes from the end of the payload, or add them there.
func (f frame) short(n int) frame { f.payload = f.payload.cut(n); return f }

func (f frame) long(more hexed) frame { f.payload = join(f.payload, more); return f }

func (f frame) announcing(length uint32) frame { f.length = &length; return f }

func (f frame) summed(sum uint32) frame { f.sum = &sum; return f }

func (f frame) trailed(sum uint32) frame { f.trailer = &sum; return f }

// ignored sets reserved and the flag bits that no type defines.
func (f frame) ignored() frame { f.reserved = 0xabcd; f.flags |= 0x70; return f }

// said is a frame with its JSON form.
type said struct {
	frame
	form object
}

func ping(echo uint64, t1 int64, errUS uint32) said {
	return said{frame{kind: tPING, payload: join(u64(echo), u64(uint64(t1)), u32(errUS), "00000000")},
		form("frame", "PING", "echo", dec(echo), "t1", sdec(t1), "err_us", dec(uint64(errUS)))}
}

func pong(echo uint64, t1, t2, t3 int64, hold, errUS, clock uint32) said {
	p := join(u64(echo), u64(uint64(t1)), u64(uint64(t2)), u64(uint64(t3)), u32(hold), u32(errUS), u32(clock), "00000000")
	return said{frame{kind: tPONG, payload: p}, form("frame", "PONG", "echo", dec(echo), "t1", sdec(t1), "t2", sdec(t2), "t3", sdec(t3),
		"hold_us", dec(uint64(hold)), "err_us", dec(uint64(errUS)), "clock", dec(uint64(clock)))}
}

func credit(stream uint32, max uint64) said {
	return said{frame{kind: tCREDIT, stream: stream, payload: u64(max)}, form("frame", "CREDIT", "stream", dec(uint64(stream)), "max", dec(max))}
}

func streams(max uint64) said {
	return said{frame{kind: tSTREAMS, payload: u64(max)}, form("frame", "STREAMS", "max", dec(max))}
}

func drain(last, code uint32, name string, deadline uint32) said {
	return said{frame{kind: tDRAIN, payload: join(u32(last), u32(code), u32(deadline), "00000000")},
		form("frame", "DRAIN", "last", dec(uint64(last)), "code", name, "deadline_ms", dec(uint64(deadline)))}
}

// closing is a CLOSE; reject and reset have its payload.
func closing(code uint32, name string, retry uint32, words string) said {
	return said{frame{kind: tCLOSE, payload: endingPayload(code, retry, words)}, form("frame", "CLOSE", "code", name, "retry_ms", dec(uint64(retry)), "text", words)}
}

func reject(stream, code uint32, name string, retry uint32, words string) said {
	return said{frame{kind: tREJECT, stream: stream, payload: endingPayload(code, retry, words)},
		form("frame", "REJECT", "stream", dec(uint64(stream)), "code", name, "retry_ms", dec(uint64(retry)), "text", words)}
}

func reset(stream, code uint32, name string, retry uint32, words string) said {
	return said{frame{kind: tRESET, stream: stream, payload: endingPayload(code, retry, words)},
		form("frame", "RESET", "stream", dec(uint64(stream)), "code", name, "retry_ms", dec(uint64(retry)), "text", words)}
}

func endingPayload(code, retry uint32, words string) hexed {
	return join(u32(code), u32(retry), text(words))
}

func gap(stream uint32, from, to uint64, reason uint32) said {
	return said{frame{kind: tGAP, stream: stream, payload: join(u64(from), u64(to), u32(reason), "00000000")},
		form("frame", "GAP", "stream", dec(uint64(stream)), "from", dec(from), "to", dec(to), "reason", dec(uint64(reason)))}
}

// ack takes the ranges as pairs of first and last.
func ack(stream uint32, stable uint64, delay uint32, ends ...uint64) said {
	p, list := join(u64(stable), u32(delay), u16(uint16(len(ends)/2)), "0000"), []any{}
	for i := 0; i < len(ends); i += 2 {
		p = join(p, u64(ends[i])+u64(ends[i+1]))
		list = append(list, form("first", dec(ends[i]), "last", dec(ends[i+1])))
	}
	return said{frame{kind: tACK, stream: stream, payload: p},
		form("frame", "ACK", "stream", dec(uint64(stream)), "stable", dec(stable), "delay_us", dec(uint64(delay)), "ranges", list)}
}

// pieces puts a length in front of each.
func pieces(list ...hexed) hexed {
	var p hexed
	for _, piece := range list {
		p = join(p, u32(uint32(piece.len())), piece)
	}
	return p
}

func piecesForm(list []hexed) []string {
	out := []string{}
	for _, p := range list {
		out = append(out, p.plain())
	}
	return out
}

// flagNames gives the JSON form of the flags that pieces have.
func flagNames(flags uint8) string {
	name := ""
	for _, f := range []struct {
		bit  uint8
		name string
	}{{fin, "|FIN"}, {more, "|MORE"}, {possibleDup, "|POSSIBLE_DUP"}} {
		if flags&f.bit != 0 {
			name += f.name
		}
	}
	if name == "" {
		return "0"
	}
	return name[1:]
}

func data(stream uint32, flags uint8, list ...hexed) said {
	return said{frame{kind: tDATA, flags: flags, stream: stream, payload: pieces(list...)},
		form("frame", "DATA", "stream", dec(uint64(stream)), "flags", flagNames(flags), "pieces", piecesForm(list))}
}

func records(stream uint32, flags uint8, seq uint64, list ...hexed) said {
	return said{frame{kind: tRECORDS, flags: flags, stream: stream, payload: join(u64(seq), pieces(list...))},
		form("frame", "RECORDS", "stream", dec(uint64(stream)), "flags", flagNames(flags), "seq", dec(seq), "pieces", piecesForm(list))}
}

// unknown is a frame of a type without meaning. flagsForm is the JSON form of its flags.
func unknown(kind, flags uint8, flagsForm string, reserved uint16, stream uint32, payload hexed) said {
	return said{frame{kind: kind, flags: flags, reserved: reserved, stream: stream, payload: payload},
		form("frame", "0x"+strings.ToUpper(string(u8(kind))), "flags", flagsForm, "reserved", dec(uint64(reserved)), "stream", dec(uint64(stream)), "payload", payload.plain())}
}

// mapped is a frame whose payload is a map: READY, OPEN or ACCEPT.
type mapped struct {
	frame
	entries body
}

func (m mapped) with(key string, value hexed, form any) mapped {
	m.entries = m.entries.with(key, value, form)
	m.payload = m.entries.hexed()
	return m
}

func (m mapped) without(key string) mapped {
	m.entries = m.entries.without(key)
	m.payload = m.entries.hexed()
	return m
}

// at gives the offset of a key's value in the frame.
func (m mapped) at(key string) int { return 16 + m.entries.offset(key) }

// said gives the form: keys in the order of the JSON form, those that are absent left out.
func (m mapped) said(name string, withStream bool, keys ...string) said {
	f := object{{"frame", name}}
	if withStream {
		f = append(f, member{"stream", dec(uint64(m.stream))})
	}
	for _, key := range keys {
		f = append(f, form(key, m.entries.form(key))...)
	}
	return said{m.frame, f}
}

// padded gives a frame whose payload has n bytes.
func (m mapped) padded(n int) mapped {
	m.entries = m.entries.padded(n)
	m.payload = m.entries.hexed()
	return m
}

func ready() mapped {
	caps := body{
		{"probe.and", "c3", true},
		{"probe.choose", mpStrs("blue"), jArray("blue")},
		{"probe.intersect", mpStrs("two"), jArray("two")},
		{"probe.max", mpInt(300), jInt(300)},
		{"probe.min", mpInt(40), jInt(40)},
	}
	protos := body{{"call", mpInt(1), "1"}}
	th := hexed("")
	for i := range 32 {
		th += u8(uint8(0x40 + i)) // ASCII, so that a str may hold it
	}
	m := mapped{frame: frame{kind: tREADY}}
	return m.with("caps", caps.hexed(), caps).with("protos", protos.hexed(), protos).with("th", mpBin(th), th.plain()).with("ver", mpInt(1), "1")
}

func (m mapped) asReady() said { return m.said("READY", false, "ver", "caps", "protos", "th", "cb") }

func open(stream uint32, proto string, ver uint16) mapped {
	m := mapped{frame: frame{kind: tOPEN, stream: stream}}
	return m.with("proto", mpStr(proto), proto).with("ver", mpInt(int64(ver)), dec(uint64(ver)))
}

func (m mapped) asOpen() said { return m.said("OPEN", true, "proto", "ver", "params", "channel") }

func accept(stream uint32) mapped {
	return mapped{frame: frame{kind: tACCEPT, stream: stream, payload: "80"}}
}

func (m mapped) asAccept() said { return m.said("ACCEPT", true, "params", "channel") }
