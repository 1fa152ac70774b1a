package sync

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

// Settings say what a Handler serves.
type Settings struct {
	Store store.Store // required
	// Through gives the store as a session over this link reads and writes it, and which has the same objects. Default: Store.
	Through func(l *link.Link) store.Store
	// Allow tells whether a peer may share a namespace that the store has. Default: it may.
	Allow func(l *link.Link, namespace string) bool
	// MaxSessions bounds the sessions that are served at once; one more is rejected with OVERLOADED. Zero refuses all. Nil: 16.
	MaxSessions *int
	// Timeout bounds a session, and Idle the time in which nothing of it is received or sent: who opens sessions and says nothing would
	// keep others out. Defaults: DefaultTimeout and 1 min.
	Timeout, Idle time.Duration
	// OnEnd is called behind each session, with the error that Run would give. It must not block. Default: none.
	OnEnd func(*Report, error)
	// Metrics counts sessions. Default: none.
	Metrics *Metrics
	// Logger takes ends of sessions (Info) and faults (Warn). Default: none.
	Logger *slog.Logger
}

// Handler serves the sessions that other peers open. It is a link.Handler for Proto.
type Handler struct {
	set  Settings
	most int64
	open atomic.Int64
}

var _ link.Handler = (*Handler)(nil)

// NewHandler makes a handler.
func NewHandler(set Settings) *Handler {
	h := &Handler{set: set, most: 16}
	if set.MaxSessions != nil {
		h.most = int64(*set.MaxSessions)
	}
	if h.set.Timeout == 0 {
		h.set.Timeout = DefaultTimeout
	}
	if h.set.Idle == 0 {
		h.set.Idle = time.Minute
	}
	if h.set.Logger == nil {
		h.set.Logger = slog.New(slog.DiscardHandler)
	}
	return h
}

// HandleStream accepts a session, or says why not.
func (h *Handler) HandleStream(st *link.Stream, params []byte) {
	p, err := codec.ParseSyncParams(params)
	switch {
	case err != nil:
		st.Reject(codec.CodeProtocol, "SYNC-002")
		return
	case !h.allowed(st.Link(), p.Namespace):
		st.Reject(codec.CodeSyncNamespace, "SYNC-003")
		return
	case p.SaltCheck != codec.SyncSaltCheck(h.set.Store.Salt()):
		st.Reject(codec.CodeSyncSalt, "SYNC-004")
		return
	}
	if h.open.Add(1) > h.most {
		h.open.Add(-1)
		st.Reject(codec.CodeOverloaded, "")
		return
	}
	st.Accept(nil)
	st.GoAs("sync "+p.Namespace, func() {
		defer st.Done()
		report, err := h.serve(st, p.Namespace)
		h.open.Add(-1)
		if h.set.OnEnd != nil {
			h.set.OnEnd(report, err)
		}
	})
}

func (h *Handler) allowed(l *link.Link, namespace string) bool {
	_, err := h.set.Store.Get(store.Key{Namespace: namespace, Name: "-"})
	return store.CodeOf(err) != store.CodeDenied && (h.set.Allow == nil || h.set.Allow(l, namespace))
}

func (h *Handler) serve(st *link.Stream, ns string) (report *Report, err error) {
	ctx, cancel := context.WithTimeout(st.Context(), h.set.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			st.Reset(codec.CodeDeadline, "")
		}
	})()
	idle := time.AfterFunc(h.set.Idle, func() { st.Reset(codec.CodeDeadline, "nothing was said") })
	defer idle.Stop()
	report = &Report{Namespace: ns}
	began := time.Now()
	set := h.set
	if set.Through != nil {
		set.Store = set.Through(st.Link())
	}
	a := &answering{set: &set, idle: idle, stream: st, report: report, core: NewResponder(ns, set.Store)}
	a.core.UseCells(agreedCells(st.Link()))
	a.send = &sender{
		store: set.Store, ns: ns, count: a.core, stated: new(clock.Node), most: maxMessage(st),
		write: func(msg []byte) error {
			report.Out.note(msg)
			idle.Reset(h.set.Idle)
			return st.Send(msg)
		},
		lock: func(f func()) { f() },
	}
	err = a.run(ctx)
	report.Took = time.Since(began)
	report.Mine = a.core.Counts()
	theirs, done := a.core.Done()
	switch f := a.core.Failure(); {
	case done && err == nil:
		report.Theirs = theirs
		report.judge()
	case f != nil:
		if _, ok := errors.AsType[*codec.Error](err); ok { // a message behind the ERROR (SYNC-021)
			resetBy(st, err)
		}
		err = &EndedError{f.Code, f.RetryMS, f.Text}
	case err != nil:
		a.giveUp(err)
	}
	if err != nil {
		h.set.Logger.Warn("sync failed", "namespace", ns, "err", err)
	} else {
		h.set.Logger.Info("sync", "report", report.String())
	}
	h.set.Metrics.note(Answered, report)
	return report, err
}

// answering is a responder on a stream, on one goroutine: it reads between its answers. The initiator always reads (SYNC-006), so that sending ends.
type answering struct {
	set    *Settings
	idle   *time.Timer
	stream *link.Stream
	report *Report
	core   *Responder
	send   *sender
}

// giveUp says that a session ends because of an error: a fault of the other side by RESET, one of the store by ERROR.
func (a *answering) giveUp(err error) {
	if _, ok := errors.AsType[*link.Error](err); ok {
		return // the stream has ended
	}
	if _, ok := errors.AsType[*codec.Error](err); ok || a.stream.Err() != nil {
		resetBy(a.stream, err)
		return
	}
	_ = a.send.message(codec.SyncError{Session: true, Code: codec.CodeSyncStore, RetryMS: 60_000})
	_ = a.stream.CloseSend()
}

func (a *answering) run(ctx context.Context) error {
	for {
		msg, err := a.stream.Recv()
		if errors.Is(err, io.EOF) {
			if _, done := a.core.Done(); done || a.core.Failure() != nil {
				return nil
			}
			return fault("SYNC-020", "the stream has ended without COMPLETE")
		}
		if err != nil {
			return err
		}
		if err := a.take(ctx, msg); err != nil {
			return err
		}
	}
}

// take takes one message.
func (a *answering) take(ctx context.Context, msg []byte) error {
	a.report.In.note(msg)
	a.idle.Reset(a.set.Idle)
	m, err := codec.ParseSyncRequest(msg)
	if err != nil {
		return err
	}
	_, repair := m.(codec.SyncRepair)
	if !repair {
		if err := a.flush(ctx); err != nil {
			return err
		}
	}
	effects, err := a.core.Receive(m)
	if err != nil {
		return err
	}
	if err := a.carry(ctx, effects); err != nil {
		return err
	}
	if items, size := a.core.Pending(); repair && (items >= batchItems || size >= batchBytes || !a.stream.Buffered()) {
		return a.flush(ctx)
	}
	return nil
}

func (a *answering) flush(ctx context.Context) error { return a.carry(ctx, a.core.Flush()) }

func (a *answering) carry(ctx context.Context, effects []Effect) error {
	for _, e := range effects {
		var err error
		switch e := e.(type) {
		case Merge:
			results, lost := merge(ctx, a.set.Store, a.core.ns, e)
			a.report.Lost += lost
			err = a.carry(ctx, a.core.Merged(results))
		case Observe:
			if err := observe(ctx, a.set.Store, a.core.ns, e.Clock); err != nil {
				a.set.Logger.Warn("a clock was not taken over", "namespace", a.core.ns, "err", err)
			}
		case Finish:
			err = a.stream.CloseSend()
		default:
			err = a.send.do(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
