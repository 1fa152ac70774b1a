package sync

import (
	"context"
	"errors"

	"handfast/codec"
	"handfast/refimpl/clock"
)

// pump runs a session between two cores by hand, one message at a time. What lies between two steps may do anything to the stores.
type pump struct {
	from, to *mem
	i        *Initiator
	r        *Responder
	isend    *sender
	rsend    *sender
	toI, toR [][]byte // on their way
	queue    []Effect // that the initiator has to send
	between  func()   // called between any two messages that are sent
	trace    []traced
	rfin     bool
	report   Report
}

type traced struct {
	fromInitiator bool
	msg           []byte
}

func newPump(from, to *mem, plan Plan) *pump {
	p := &pump{from: from, to: to, i: NewInitiator(from.ns, from, plan), r: NewResponder(to.ns, to), between: func() {}}
	unlocked := func(f func()) { f() }
	p.isend = &sender{store: from, ns: from.ns, count: p.i, lock: unlocked, stated: new(clock.Node), most: 1 << 24, write: func(msg []byte) error {
		msg = append([]byte(nil), msg...)
		p.toR = append(p.toR, msg)
		p.trace = append(p.trace, traced{true, msg})
		p.between()
		return nil
	}}
	p.rsend = &sender{store: to, ns: to.ns, count: p.r, lock: unlocked, stated: new(clock.Node), most: 1 << 24, write: func(msg []byte) error {
		msg = append([]byte(nil), msg...)
		p.toI = append(p.toI, msg)
		p.trace = append(p.trace, traced{false, msg})
		p.between()
		return nil
	}}
	return p
}

func (p *pump) begin() error {
	effects, err := p.i.Begin()
	p.queue = effects
	return err
}

// send lets the initiator send what comes next. False: there is nothing.
func (p *pump) send() (bool, error) {
	if len(p.queue) == 0 && p.i.Quiet() {
		effects, err := p.i.Complete()
		if err != nil {
			return false, err
		}
		p.queue = effects
	}
	if len(p.queue) == 0 {
		return false, nil
	}
	e := p.queue[0]
	p.queue = p.queue[1:]
	if _, ok := e.(Finish); ok {
		return true, nil
	}
	return true, p.isend.do(e)
}

// toInitiator hands over what has arrived, up to most messages that are merged together.
func (p *pump) toInitiator(most int) (bool, error) {
	for n := range most {
		if len(p.toI) == 0 {
			return n > 0, p.flushI()
		}
		msg := p.toI[0]
		p.toI = p.toI[1:]
		m, err := codec.ParseSyncAnswer(msg)
		if err != nil {
			return true, err
		}
		if _, ok := m.(codec.SyncRepair); !ok {
			if err := p.flushI(); err != nil {
				return true, err
			}
		}
		effects, err := p.i.Receive(m)
		if err != nil {
			return true, err
		}
		for _, e := range effects {
			if o, ok := e.(Observe); ok {
				_ = observe(context.Background(), p.from, p.from.ns, o.Clock)
				continue
			}
			p.queue = append(p.queue, e)
		}
	}
	return true, p.flushI()
}

func (p *pump) flushI() error {
	for _, e := range p.i.Flush() {
		results, _ := merge(context.Background(), p.from, p.from.ns, e.(Merge))
		p.queue = append(p.queue, p.i.Merged(results)...)
	}
	return nil
}

func (p *pump) toResponder(most int) (bool, error) {
	for n := range most {
		if len(p.toR) == 0 {
			return n > 0, p.carry(p.r.Flush())
		}
		msg := p.toR[0]
		p.toR = p.toR[1:]
		m, err := codec.ParseSyncRequest(msg)
		if err != nil {
			return true, err
		}
		if _, ok := m.(codec.SyncRepair); !ok {
			if err := p.carry(p.r.Flush()); err != nil {
				return true, err
			}
		}
		effects, err := p.r.Receive(m)
		if err != nil {
			return true, err
		}
		if err := p.carry(effects); err != nil {
			return true, err
		}
	}
	return true, p.carry(p.r.Flush())
}

func (p *pump) carry(effects []Effect) error {
	for _, e := range effects {
		var err error
		switch e := e.(type) {
		case Merge:
			results, _ := merge(context.Background(), p.to, p.to.ns, e)
			err = p.carry(p.r.Merged(results))
		case Observe:
			_ = observe(context.Background(), p.to, p.to.ns, e.Clock)
		case Finish:
			p.rfin = true
		default:
			err = p.rsend.do(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errStuck = errors.New("neither side has anything to do, and the session is not over")

// run goes on to the end.
func (p *pump) run() (*Report, error) {
	if err := p.begin(); err != nil {
		return nil, err
	}
	for {
		if mine, theirs, ok := p.i.Result(); ok {
			p.report.Mine, p.report.Theirs, p.report.Echoes, p.report.Found = mine, theirs, p.i.Echoes(), p.i.Found()
			p.report.judge()
			return &p.report, nil
		}
		moved := false
		for _, step := range []func() (bool, error){p.send, func() (bool, error) { return p.toResponder(64) }, func() (bool, error) { return p.toInitiator(64) }} {
			m, err := step()
			if err != nil {
				return &p.report, err
			}
			moved = moved || m
		}
		if !moved {
			return &p.report, errStuck
		}
	}
}
