package access

import (
	"encoding/binary"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// args is what a method is asked for.
type args struct {
	key     store.Key
	hasSeen bool // context was given
	seen    clock.Context

	piece uint64 // of a get; 0: not given
	size  uint64 // of a put's value
	sized bool   // size was given
}

// parseArgs reads the arguments of all methods. Keys that are not known are ignored.
func parseArgs(b []byte) (args, error) {
	v, err := codec.ParseValue(b)
	if err != nil || v.Kind() != codec.ValueMap {
		return args{}, call.ErrBadArgument("arguments are no map in the strict profile")
	}
	var q args
	ns, ok1 := v.Lookup("ns")
	key, ok2 := v.Lookup("key")
	if !ok1 || !ok2 {
		return args{}, call.ErrBadArgument("ns and key are required")
	}
	text, ok1 := ns.Str()
	name, ok2 := key.Bin()
	if !ok1 || !ok2 {
		return args{}, call.ErrBadArgument("ns is a str, key a bin")
	}
	q.key = store.Key{Namespace: string(text), Name: string(name)}
	if err := q.key.Validate(); err != nil {
		return args{}, failure(err)
	}
	if c, ok := v.Lookup("context"); ok {
		raw, ok := c.Bin()
		if !ok {
			return args{}, call.ErrBadArgument("context is a bin")
		}
		if q.seen, ok = parseContext(raw); !ok {
			return args{}, call.ErrBadArgument("context is none that a peer gives")
		}
		q.hasSeen = true
	}
	for name, to := range map[string]*uint64{"piece": &q.piece, "size": &q.size} {
		n, ok := v.Lookup(name)
		if !ok {
			continue
		}
		if *to, ok = n.Uint(); !ok {
			return args{}, call.ErrBadArgument(name + " is a uint")
		}
		q.sized = q.sized || name == "size"
	}
	return q, nil
}

func (q *args) append(b []byte) []byte {
	n := 2
	for _, has := range []bool{q.hasSeen, q.piece > 0, q.sized} {
		if has {
			n++
		}
	}
	b = codec.AppendMapHeader(b, n)
	if q.hasSeen {
		b = codec.AppendBin(codec.AppendStr(b, "context"), appendContext(nil, q.seen))
	}
	b = codec.AppendBin(codec.AppendStr(b, "key"), []byte(q.key.Name))
	b = codec.AppendStr(codec.AppendStr(b, "ns"), q.key.Namespace)
	if q.piece > 0 {
		b = codec.AppendUint(codec.AppendStr(b, "piece"), q.piece)
	}
	if q.sized {
		b = codec.AppendUint(codec.AppendStr(b, "size"), q.size)
	}
	return b
}

// appendHead appends the first REPLY of every method.
func appendHead(b []byte, set clock.Set) []byte {
	b = codec.AppendMapHeader(b, 2)
	b = codec.AppendBin(codec.AppendStr(b, "context"), appendContext(nil, set.Context()))
	return codec.AppendUint(codec.AppendStr(b, "siblings"), uint64(set.Len()))
}

const contextEntry = 24 // bytes of an entry of a context, as in an object (spec/objects.md)

func appendContext(b []byte, c clock.Context) []byte {
	for _, d := range c {
		b = append(b, d.Actor[:]...)
		b = binary.BigEndian.AppendUint64(b, d.Counter)
	}
	return b
}

// parseContext reads a context under the rules of an object's (OBJ-003, OBJ-005, OBJ-007).
func parseContext(b []byte) (clock.Context, bool) {
	if len(b)%contextEntry != 0 || len(b)/contextEntry > clock.MaxActors {
		return nil, false
	}
	c := make(clock.Context, len(b)/contextEntry)
	for i := range c {
		at := b[i*contextEntry:]
		copy(c[i].Actor[:], at)
		c[i].Counter = binary.BigEndian.Uint64(at[16:])
		if c[i].Counter == 0 || c[i].Counter > clock.MaxCounter || i > 0 && c[i].Actor.Compare(c[i-1].Actor) <= 0 {
			return nil, false
		}
	}
	return c, true
}
