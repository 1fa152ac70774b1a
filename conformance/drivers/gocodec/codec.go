package gocodec

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strconv"
	"strings"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// Item is what decode is asked to parse.
type Item struct {
	What        string // as op of a vector
	Turn        string
	MaxFrame    uint32 // bytes
	BeforeReady bool
	Bytes       []byte
	Cuts        []int // ascending offsets inside Bytes at which the pieces meet; none for the whole
}

// Program is a driver of the role codec alone, for use without a process.
func Program(version string) driver.Program {
	return driver.Program{
		Hello: driver.Answer{
			Impl: "handfast codec", Version: version, Roles: []string{driver.RoleCodec}, Spec: []string{"1"},
			Features: Features(), Bugs: []driver.Bug{},
		},
		Handle: func(_ context.Context, r driver.Request) driver.Answer { return Handle(r) },
	}
}

// Features lists what the role codec of this package claims.
func Features() []string {
	return []string{driver.FeatureCuts, driver.FeatureEncode, driver.FeatureBatch}
}

// Handle answers the requests of the role codec. It keeps nothing between them, and may be called concurrently.
func Handle(r driver.Request) driver.Answer {
	switch r.Op {
	case driver.OpReset:
		return driver.OK()
	case driver.OpDecode:
		item, refusal := ItemOf(r)
		if refusal != nil {
			return *refusal
		}
		return Decode(item)
	case driver.OpDecodes:
		return Many(r, Handle)
	case driver.OpEncode:
		return Encode(r.Args["what"], r.Args["turn"], r.Value)
	}
	return driver.Unsupported()
}

// Many answers a request about many items by a handler of the op decode, which is asked about each.
func Many(r driver.Request, handle func(driver.Request) driver.Answer) driver.Answer {
	inputs := strings.Split(r.Args["hex"], ",")
	cuts := make([]string, len(inputs))
	if text, ok := r.Args["cuts"]; ok {
		if cuts = strings.Split(text, ";"); len(cuts) != len(inputs) {
			return driver.Brokenf("cuts: %d lists for %d items", len(cuts), len(inputs))
		}
	}
	a := driver.Answer{Kind: driver.KindDecoded, Items: make([]driver.Answer, len(inputs))}
	one := driver.Request{Op: driver.OpDecode, Args: maps.Clone(r.Args)}
	for i := range inputs {
		one.Args["hex"], one.Args["cuts"] = inputs[i], cuts[i]
		if a.Items[i] = handle(one); a.Items[i].Kind == driver.KindBroken {
			return a.Items[i]
		}
	}
	return a
}

// ItemOf reads the arguments of decode. The answer, if there is one, says what is wrong with them.
func ItemOf(r driver.Request) (item Item, refusal *driver.Answer) {
	broken := func(what string, err error) (Item, *driver.Answer) {
		a := driver.Brokenf("%s: %v", what, err)
		return Item{}, &a
	}
	item = Item{What: r.Args["what"], Turn: r.Args["turn"], MaxFrame: testdata.DefaultMaxFrame, BeforeReady: r.Args["before_ready"] == "true"}
	if !knownWhat(item.What) || item.What == testdata.OpCall && !knownTurn(item.Turn) {
		a := driver.Unsupported()
		return Item{}, &a
	}
	var err error
	if item.Bytes, err = hex.DecodeString(r.Args["hex"]); err != nil {
		return broken("hex", err)
	}
	if text, ok := r.Args["max_frame"]; ok {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return broken("max_frame", err)
		}
		item.MaxFrame = uint32(n)
	}
	if text := r.Args["cuts"]; text != "" {
		last := 0
		for word := range strings.SplitSeq(text, ",") {
			at, err := strconv.Atoi(word)
			if err != nil {
				return broken("cuts", err)
			}
			if at <= last || at >= len(item.Bytes) {
				return broken("cuts", errors.New(word+" is not an ascending offset inside the input"))
			}
			item.Cuts, last = append(item.Cuts, at), at
		}
	}
	return item, nil
}

func knownWhat(what string) bool {
	return what == testdata.OpMsgpack || what == testdata.OpOpening || what == testdata.OpFrame || what == testdata.OpCall
}

func knownTurn(turn string) bool {
	return turn == testdata.TurnRequest || turn == testdata.TurnArg || turn == testdata.TurnReply
}

// Decode parses an item. Openings and frames that come in pieces, and those before READY, go through codec.Reader, as a link reads them; bodies and
// messages are whole when a link hands them on.
func Decode(item Item) driver.Answer {
	switch item.What {
	case testdata.OpMsgpack:
		return decodeBody(item.Bytes)
	case testdata.OpOpening:
		return decodeOpening(item)
	case testdata.OpFrame:
		return decodeFrame(item)
	case testdata.OpCall:
		return decodeCall(item)
	}
	return driver.Unsupported()
}

func decodeBody(b []byte) driver.Answer {
	value, err := codec.DecodeValue(b)
	if err != nil {
		return refused(err)
	}
	form, err := codec.ValueToJSON(value)
	if err != nil {
		return driver.Brokenf("no JSON form: %v", err)
	}
	raw, err := json.Marshal(form)
	return accepted(raw, err, len(b))
}

func decodeOpening(item Item) driver.Answer {
	var o codec.Opening
	var n int
	var err error
	if len(item.Cuts) > 0 {
		var raw []byte
		o, raw, err = codec.NewReader(item.reader(), 0).ReadOpening()
		n = len(raw)
	} else {
		o, n, err = codec.ParseOpening(item.Bytes)
	}
	if err != nil {
		return refused(err)
	}
	raw, err := codec.OpeningJSON(o)
	return accepted(raw, err, n)
}

func decodeFrame(item Item) driver.Answer {
	f, n, err := item.frame()
	if err != nil {
		return refused(err)
	}
	m, err := codec.ParseMessage(f)
	if err != nil {
		return refused(err)
	}
	raw, err := codec.MessageJSON(m)
	return accepted(raw, err, n)
}

// frame reads the frame of an item up to its checksums.
func (item *Item) frame() (f codec.Frame, n int, err error) {
	if len(item.Cuts) == 0 && !item.BeforeReady {
		return codec.ParseFrame(item.Bytes, item.MaxFrame)
	}
	r := codec.NewReader(item.reader(), 0)
	if !item.BeforeReady {
		r.SetMaxFrame(item.MaxFrame)
	}
	f, err = r.Next()
	return f, f.Size(), err
}

// reader gives the pieces of an item by a read each.
func (item *Item) reader() io.Reader {
	parts, from := make([]io.Reader, 0, len(item.Cuts)+1), 0
	for _, at := range append(append([]int(nil), item.Cuts...), len(item.Bytes)) {
		parts = append(parts, bytes.NewReader(item.Bytes[from:at]))
		from = at
	}
	return io.MultiReader(parts...)
}

func accepted(value []byte, err error, consumed int) driver.Answer {
	if err != nil {
		return driver.Brokenf("no JSON form: %v", err)
	}
	return driver.Answer{Kind: driver.KindAccept, Value: value, Consumed: strconv.Itoa(consumed)}
}

// refused turns an error of codec into an answer.
func refused(err error) driver.Answer {
	if e, ok := errors.AsType[*codec.Error](err); ok {
		return driver.Answer{Kind: driver.KindReject, Code: e.Code.String(), Scope: e.Scope.String(), At: strconv.Itoa(e.Offset), Req: e.Req}
	}
	if errors.Is(err, codec.ErrShort) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return driver.Answer{Kind: driver.KindMore}
	}
	return driver.Brokenf("%v", err)
}

// Encode writes a value in the JSON form of the vectors.
func Encode(what, turn string, value json.RawMessage) driver.Answer {
	var b []byte
	var err error
	switch what {
	case testdata.OpMsgpack:
		b, err = encodeBody(value)
	case testdata.OpOpening:
		b, err = encodeOpening(value)
	case testdata.OpFrame:
		var m codec.Message
		if m, err = codec.MessageFromJSON(value); err == nil {
			b, err = m.AppendBinary(nil)
		}
	case testdata.OpCall:
		if !knownTurn(turn) {
			return driver.Unsupported()
		}
		b, err = codec.CallFromJSON(value)
	default:
		return driver.Unsupported()
	}
	if err != nil {
		return driver.Brokenf("%v", err)
	}
	return driver.Answer{Kind: driver.KindBytes, Hex: hex.EncodeToString(b)}
}

func encodeBody(value json.RawMessage) ([]byte, error) {
	var form any
	if err := json.Unmarshal(value, &form); err != nil {
		return nil, err
	}
	v, err := codec.ValueFromJSON(form)
	if err != nil {
		return nil, err
	}
	return codec.AppendValue(nil, v)
}

func encodeOpening(value json.RawMessage) ([]byte, error) {
	o, err := codec.OpeningFromJSON(value)
	if err != nil {
		return nil, err
	}
	if o.Hello != nil {
		return o.Hello.AppendOpening(nil)
	}
	return o.Refuse.AppendOpening(nil)
}
