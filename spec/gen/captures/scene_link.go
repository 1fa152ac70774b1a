package main

import (
	"errors"
	"maps"

	"handfast/codec"
	"handfast/spec/exchange"
)

// opened plays the opening of the exchange with more capabilities and another sub-protocol.
func opened(t *tape, caps codec.Caps, proto string) error {
	x, err := exchange.Build()
	if err != nil {
		return err
	}
	hello := func(opening []byte) *codec.Hello {
		o, _, parseErr := codec.ParseOpening(opening)
		if err = errors.Join(err, parseErr); err != nil {
			return &codec.Hello{}
		}
		maps.Copy(o.Hello.Caps, caps)
		o.Hello.Protos = map[string][]uint16{proto: {1}}
		return o.Hello
	}
	dialer, acceptor := hello(x.Steps[0].Bytes), hello(x.Steps[1].Bytes)
	dialed := must(&err, func() ([]byte, error) { return dialer.AppendOpening(nil) })
	accepted := must(&err, func() ([]byte, error) { return acceptor.AppendOpening(nil) })
	agreed, disagreed := codec.Agree(dialer, acceptor)
	if disagreed != nil {
		return disagreed
	}
	ready := must(&err, func() ([]byte, error) {
		return codec.NewReady(agreed, codec.TranscriptHash(dialed, accepted), nil).AppendFrame(nil)
	})
	if err != nil {
		return err
	}
	t.connect()
	t.send(exchange.Dialer, dialed)
	t.send(exchange.Acceptor, accepted)
	t.send(exchange.Acceptor, ready)
	t.send(exchange.Acceptor, x.Steps[3].Bytes) // grease
	t.send(exchange.Dialer, ready)
	t.send(exchange.Dialer, x.Steps[5].Bytes)
	return nil
}
