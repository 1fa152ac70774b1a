package conformance

import (
	"encoding/hex"
	"fmt"

	"handfast/codec"
	"handfast/conformance/driver"
)

// held is a stream that the driver holds open, by the feature streams.
type held struct {
	*Stream
	name string
}

// hold makes the driver open a stream of call, and waits for the OPEN, which is not answered yet.
func (c *Conn) hold() *held {
	h := c.holding()
	o := c.order(driver.OpOpen, h.args(with{"proto": "call", "ver": "1"}), driver.KindOK, driver.KindEnded, driver.KindOver)
	c.expectOf(o, FrameOn(codec.TypeOpen, h.ID))
	if a := c.t.await(o); a.Kind != driver.KindOK {
		c.t.Fail("the answer ok to open", "%s", describeEnd(a))
	}
	return h
}

// holding names the stream that the driver opens next.
func (c *Conn) holding() *held {
	s := c.theirNext()
	return &held{Stream: s, name: fmt.Sprintf("stream%d", s.ID)}
}

// args are the arguments of a request about the stream.
func (h *held) args(more with) with {
	all := with{"stream": h.name}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// send makes the driver send a message, and does not wait until it has.
func (h *held) send(message []byte, fin bool) *op {
	args := with{"hex": hex.EncodeToString(message)}
	if fin {
		args["fin"] = "true"
	}
	return h.c.order(driver.OpSend, h.args(args), driver.KindOK, driver.KindOver)
}

// sendFin makes the driver send FIN alone.
func (h *held) sendFin() *op {
	return h.c.order(driver.OpSend, h.args(with{"fin": "true"}), driver.KindOK, driver.KindOver)
}

// sent waits until the driver says that a message is written.
func (h *held) sent(o *op) {
	if a := h.c.t.await(o); a.Kind != driver.KindOK {
		h.c.t.Fail("the answer ok to send", "%s", describeEnd(a))
	}
}

// recv asks the driver for what comes next.
func (h *held) recv() driver.Answer {
	return h.c.t.await(h.c.order(driver.OpRecv, h.args(nil), driver.KindMessage, driver.KindFIN, driver.KindOver))
}

// receives checks that the next message at the driver is this one.
func (h *held) receives(message []byte) {
	a := h.recv()
	if a.Kind != driver.KindMessage || a.Hex != hex.EncodeToString(message) {
		h.c.t.Fail(fmt.Sprintf("the message %s at the driver", brief(message)), "%s with %d bytes", describeEnd(a), len(a.Hex)/2)
	}
}

// receivesFin checks that nothing but FIN is left at the driver.
func (h *held) receivesFin() {
	if a := h.recv(); a.Kind != driver.KindFIN {
		h.c.t.Fail("fin at the driver", "%s", describeEnd(a))
	}
}

// cancel makes the driver reset the stream.
func (h *held) cancel(code codec.Code) {
	h.c.t.await(h.c.order(driver.OpCancel, h.args(with{"code": code.String()}), driver.KindOK))
}

// onHeld is a stream that the driver holds open, on which nothing was said: both directions are open.
func onHeld(c *Conn) *held {
	h := c.hold()
	h.accept()
	return h
}
