package codec_test

import (
	"encoding/json"
	"errors"
	"io"

	"handfast/codec"
	"handfast/testdata"
)

var errLeft = errors.New("bytes are left over")

// whole judges an input that is there as a whole.
func whole(v vector, in []byte) verdict {
	switch v.Op {
	case testdata.OpMsgpack:
		return body(in)
	case testdata.OpOpening:
		o, n, err := codec.ParseOpening(in)
		if err == nil && n != len(in) {
			err = errLeft
		}
		return opening(o, err)
	case testdata.OpFrame:
		if v.BeforeReady { // only a Reader knows that
			return streamed(v, &halves{in, nil})
		}
		f, n, err := codec.ParseFrame(in, v.Limit())
		if err == nil && n != len(in) {
			err = errLeft
		}
		return frame(f, err)
	default:
		return callMessage(v.Turn, in)
	}
}

// wireOf gives the bytes in which a link would meet the input: a body as the payload of an ACCEPT, a message as the piece of a DATA.
// ok is false for a body that no frame takes.
func wireOf(v vector) (wire []byte, ok bool) {
	switch v.Op {
	case testdata.OpMsgpack:
		return codec.AppendFrame(nil, codec.Header{Type: codec.TypeAccept, Stream: 1}, v.in), len(v.in) <= codec.MaxControl
	case testdata.OpCall:
		return codec.AppendFrame(nil, codec.Header{Type: codec.TypeData, Stream: 1}, codec.AppendPiece(nil, v.in)), true
	default:
		return v.in, true
	}
}

// streamed judges what a Reader finds in a stream. Nothing may stand behind it.
func streamed(v vector, stream io.Reader) verdict {
	r := codec.NewReader(stream, 4096)
	if v.Op == testdata.OpOpening {
		o, _, err := r.ReadOpening()
		return end(r, opening(o, err))
	}
	if !v.BeforeReady {
		r.SetMaxFrame(v.Limit())
	}
	f, err := r.Next()
	if err != nil {
		return refused(err)
	}
	var got verdict
	switch v.Op {
	case testdata.OpMsgpack:
		got = accepted(f)
	case testdata.OpCall:
		pieces, err := codec.ParseData(f)
		if err != nil {
			return refused(err)
		}
		msg, _ := pieces.Next()
		got = callMessage(v.Turn, append([]byte(nil), msg...))
	default:
		got = frame(f, nil)
	}
	return end(r, got)
}

// end wants the stream to end where the input does.
func end(r *codec.Reader, got verdict) verdict {
	if got.err == nil {
		if _, err := r.Next(); err != io.EOF { //nolint:errorlint // nothing else is right
			return refused(errLeft)
		}
	}
	return got
}

func body(in []byte) verdict {
	value, err := codec.DecodeValue(in)
	if err != nil {
		return refused(err)
	}
	again, err := codec.AppendValue(nil, value)
	return read(func() ([]byte, error) {
		form, err := codec.ValueToJSON(value)
		if err != nil {
			return nil, err
		}
		return json.Marshal(form)
	}, again, err)
}

// accepted judges a body inside an ACCEPT. That the body is no map is the frame's business; what the profile says is the body's, and
// its offset.
func accepted(f codec.Frame) verdict {
	_, err := codec.ParseAccept(f)
	if e, ok := errors.AsType[*codec.Error](err); ok && e.Req != "FRAME-016" {
		e.Offset -= codec.HeaderSize
		return refused(e)
	}
	payload := append([]byte(nil), f.Payload...)
	return read(func() ([]byte, error) { return body(payload).form() }, payload, nil)
}

func opening(o codec.Opening, err error) verdict {
	if err != nil {
		return refused(err)
	}
	var again []byte
	if o.Hello != nil {
		again, err = o.Hello.AppendOpening(nil)
	} else {
		again, err = o.Refuse.AppendOpening(nil)
	}
	return read(func() ([]byte, error) { return codec.OpeningJSON(o) }, again, err)
}

func frame(f codec.Frame, err error) verdict {
	if err != nil {
		return refused(err)
	}
	m, err := codec.ParseMessage(f)
	if err != nil {
		return refused(err)
	}
	again, err := m.AppendBinary(nil)
	return read(func() ([]byte, error) { return codec.MessageJSON(m) }, again, err)
}

// callMessage judges a message by whose turn it is.
func callMessage(turn string, msg []byte) verdict {
	switch {
	case turn == testdata.TurnRequest:
		r, err := codec.ParseCallRequest(msg)
		if err != nil {
			return refused(err)
		}
		again, err := r.Append(nil)
		return read(func() ([]byte, error) { return codec.CallRequestJSON(r) }, again, err)
	case turn == testdata.TurnReply:
		value, failure, err := codec.ParseCallAnswer(msg)
		if err != nil {
			return refused(err)
		}
		if failure != nil {
			again, err := failure.Append(nil)
			return read(func() ([]byte, error) { return codec.CallErrorJSON(failure) }, again, err)
		}
		return read(func() ([]byte, error) { return codec.CallReplyJSON(value) }, codec.AppendCallReply(nil, value), nil)
	default:
		value, err := codec.ParseCallArg(msg)
		if err != nil {
			return refused(err)
		}
		return read(func() ([]byte, error) { return codec.CallArgJSON(value) }, codec.AppendCallArg(nil, value), nil)
	}
}
