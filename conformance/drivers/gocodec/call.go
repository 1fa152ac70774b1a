package gocodec

import (
	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// decodeCall judges a message by whose turn it is.
func decodeCall(item Item) driver.Answer {
	msg := item.Bytes
	var form []byte
	var err error
	switch item.Turn {
	case testdata.TurnRequest:
		r, fault := codec.ParseCallRequest(msg)
		if fault != nil {
			return refused(fault)
		}
		form, err = codec.CallRequestJSON(r)
	case testdata.TurnReply:
		value, failure, fault := codec.ParseCallAnswer(msg)
		switch {
		case fault != nil:
			return refused(fault)
		case failure != nil:
			form, err = codec.CallErrorJSON(failure)
		default:
			form, err = codec.CallReplyJSON(value)
		}
	default:
		value, fault := codec.ParseCallArg(msg)
		if fault != nil {
			return refused(fault)
		}
		form, err = codec.CallArgJSON(value)
	}
	return accepted(form, err, len(msg))
}
