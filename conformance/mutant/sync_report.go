package mutant

import (
	"context"
	"errors"

	"handfast/codec"
	"handfast/conformance/driver"
)

// syncOp runs a session as its initiator.
func syncOp(ctx context.Context, l *dialLink, args map[string]string) driver.Answer {
	s, how := l.openSync(ctx, args["namespace"])
	switch {
	case how != nil && l.has("reports-every-session-as-whole"):
		return driver.Answer{Kind: driver.KindSession, End: "whole", Code: codec.CodeNoError.String()}
	case how != nil:
		return driver.Answer{Kind: driver.KindSession, End: "failed", By: how.by, Code: how.code.String()}
	}
	return s.session.initiate()
}

// openSync opens the stream of a session, and waits for its answer.
func (l *link) openSync(ctx context.Context, namespace string) (*stream, *outcome) {
	wake := context.AfterFunc(ctx, l.wake)
	defer wake()
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.mayOpenMore() && !l.gone && !l.closing && !l.drains() && ctx.Err() == nil {
		l.changed.Wait()
	}
	if l.gone || l.closing || l.drains() || ctx.Err() != nil {
		how := *l.endedHow()
		how.by = "link"
		return nil, &how
	}
	s := l.nextOwn(true)
	s.working = true
	newSession(s, true)
	params := codec.SyncParams{SaltCheck: codec.SyncSaltCheck(syncSalt), Namespace: namespace}
	switch {
	case l.has("opens-sessions-of-another-namespace"):
		params.Namespace = "another"
	case l.has("opens-sessions-with-another-salt"):
		params.SaltCheck[0]++
	}
	raw := params.Append(nil)
	if l.has("opens-sessions-without-params") {
		raw = nil
	}
	b, err := codec.Open{Stream: s.id, Proto: syncProto, Ver: 1, Params: raw}.AppendFrame(nil)
	if err != nil {
		return nil, &outcome{"self", codec.CodeInternal, "no"}
	}
	l.push(b)
	for !s.caller.answered && !l.gone && !l.closing {
		l.changed.Wait()
	}
	if how := s.caller.over; how != nil {
		s.working = false
		s.settle()
		return nil, how
	}
	return s, nil
}

// report says how the session has ended (SYNC-022).
func (x *session) report(err error) driver.Answer {
	w := x.walk
	a := driver.Answer{Kind: driver.KindSession, End: "failed", Code: codec.CodeNoError.String()}
	f, faulty := errors.AsType[*fault](err)
	switch {
	case faulty:
		a.By, a.Code = "self", f.code.String()
	case err != nil:
		x.s.l.mu.Lock()
		how := x.s.caller.over
		if how == nil {
			how = &outcome{"link", x.s.l.endedHow().code, "maybe"}
		}
		a.By, a.Code = how.by, how.code.String()
		x.s.l.mu.Unlock()
	case w.told != nil:
		a.By, a.Code = "error", w.told.Code.String()
	case x.agree():
		a.End = "whole"
	default:
		a.End = "partial"
	}
	if x.p.has("reports-every-session-as-whole") {
		a.End, a.By = "whole", ""
	}
	return a
}

// agree tells whether a session is whole.
func (x *session) agree() bool {
	mine, other := x.walk.mine, x.walk.other
	switch {
	case x.p.has("takes-complete-for-whole"):
		return true
	case x.p.has("counts-what-it-has-sent-alone"):
		return mine.Sent == mine.Acked
	case x.p.has("overlooks-errors-of-the-other"):
		other.Errors = 0
	case x.p.has("overlooks-what-was-rejected"):
		for _, m := range []*codec.SyncComplete{&mine, &other} {
			m.Applied += m.Rejected
			m.Rejected = 0
		}
	case x.p.has("overlooks-sums"):
		other.Applied = other.Received - other.NoOps - other.Siblings
	}
	return codec.SyncAgrees(mine, other)
}
