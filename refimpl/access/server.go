package access

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// The methods.
const (
	MethodGet    = "object.get"
	MethodPut    = "object.put"
	MethodDelete = "object.delete"
)

// server serves a store.
type server struct {
	store    store.Store
	maxValue uint64
	room     atomic.Int64 // bytes that values which come may take yet
}

// Add registers the methods. maxValue is the greatest limit of a value that the namespaces of the store have, in bytes. Values that come take twice
// that together, and 64 MiB at least; more is answered BUSY.
func Add(srv *call.Server, s store.Store, maxValue int) {
	a := &server{store: s, maxValue: uint64(maxValue)}
	a.room.Store(max(64<<20, 2*int64(maxValue)))
	srv.Handle(MethodGet, a.get)
	srv.Handle(MethodPut, a.put)
	srv.Handle(MethodDelete, a.delete)
}

// siblingHead is what stands before the value in a REPLY with a sibling.
const siblingHead = 32

// The flags of a sibling.
const (
	flagTombstone = 1 // it is a deletion
	flagMore      = 2 // its value goes on in the next REPLY
)

// get is ACCS-002.
func (a *server) get(_ context.Context, r *call.Request, w *call.Writer) error {
	q, err := parseArgs(r.Args)
	if err != nil {
		return err
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		return behind(err)
	}
	set, err := a.store.Get(q.key)
	if err != nil {
		return failure(err)
	}
	if err := w.Reply(appendHead(nil, set)); err != nil {
		return err
	}
	for _, one := range set.Siblings() {
		if err := replySibling(w, one, q.piece); err != nil {
			return err
		}
	}
	return nil
}

// put is ACCS-003.
func (a *server) put(ctx context.Context, r *call.Request, w *call.Writer) error {
	q, err := parseArgs(r.Args)
	if err != nil {
		return err
	}
	value, free, err := a.value(r, &q)
	defer free()
	if err != nil {
		return err
	}
	return a.write(ctx, w, func(tx store.Tx) (clock.Set, error) {
		if !q.hasSeen {
			return store.Overwrite(tx, q.key, value)
		}
		return tx.Put(q.key, q.seen, value)
	})
}

// delete is ACCS-004.
func (a *server) delete(ctx context.Context, r *call.Request, w *call.Writer) error {
	q, err := parseArgs(r.Args)
	if err != nil {
		return err
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		return behind(err)
	}
	return a.write(ctx, w, func(tx store.Tx) (clock.Set, error) {
		if !q.hasSeen {
			return store.Remove(tx, q.key)
		}
		return tx.Delete(q.key, q.seen)
	})
}

// behind is the answer to something behind the last argument.
func behind(err error) error {
	if err != nil {
		return err
	}
	return call.ErrBadArgument("an ARG too many")
}

// write commits, and replies with what the object is now (ACCS-005).
func (a *server) write(ctx context.Context, w *call.Writer, f func(store.Tx) (clock.Set, error)) error {
	var set clock.Set
	err := a.store.Update(ctx, func(tx store.Tx) (err error) {
		set, err = f(tx)
		return err
	})
	if err != nil {
		return failure(err)
	}
	return w.Reply(appendHead(nil, set))
}

// failure is what ERROR says of an error of the store (ACCS-006).
func failure(err error) error {
	e := &call.Error{Code: codec.CodeCallFailed, Name: string(store.CodeOf(err)), Text: textOf(err), Processed: codec.ProcessedNo}
	switch store.CodeOf(err) {
	case store.CodeName, store.CodeTooLarge, store.CodeContext:
		e.Code = codec.CodeCallBadArgument
	case store.CodeDisk: // whether it reached the disk is not known
		e.Processed = codec.ProcessedMaybe
	case store.CodeBusy:
		e.Retry, e.HasRetry = 100*time.Millisecond, true
	case "":
		return err
	}
	return e
}

// textOf gives what an error of the store says beside its code.
func textOf(err error) string {
	e, ok := errors.AsType[*store.Error](err)
	switch {
	case !ok:
		return err.Error()
	case e.Err == nil:
		return e.Detail
	case e.Detail == "":
		return e.Err.Error()
	}
	return e.Detail + ": " + e.Err.Error()
}
