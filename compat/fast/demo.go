package fast

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// AddDemo registers the methods of node-fast's demo server: date, echo, yes, fail, sleep and fastbench.
func AddDemo(s *Server) {
	s.HandleInline("date", demoDate)
	s.HandleInline("echo", demoEcho)
	s.Handle("yes", demoYes)
	s.Handle("fail", demoFail)
	s.Handle("sleep", demoSleep)
	s.Handle("fastbench", demoFastbench)
}

func demoEcho(args []byte, v *Values) (err error) {
	elements(args, func(one []byte) bool {
		v.scratch = appendValue(v.scratch[:0], one)
		err = v.Add(v.scratch)
		return err == nil
	})
	return err
}

func demoDate(args []byte, v *Values) error {
	if len(argsOf(args)) > 0 {
		return errors.New("expected no arguments")
	}
	now := time.Now().UTC()
	b := append(make([]byte, 0, 80), `{"timestamp":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	b = append(b, `,"iso8601":"`...)
	b = now.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return v.Add(append(b, `"}`...))
}

// argsOf gives each element of an array.
func argsOf(args []byte) (list []json.RawMessage) {
	elements(args, func(v []byte) bool {
		list = append(list, v)
		return true
	})
	return list
}

// sendEach sends {"value": v} for each element of an array.
func sendEach(send func([]byte) error, array []byte) (err error) {
	var buf [256]byte
	elements(array, func(v []byte) bool {
		err = send(appendValue(buf[:0], v))
		return err == nil
	})
	return err
}

func appendValue(b, v []byte) []byte {
	b = append(b, `{"value":`...)
	return append(append(b, v...), '}')
}

// object reads the only argument, an object, into fields.
func object(args []byte, missing string) (map[string]json.RawMessage, error) {
	list := argsOf(args)
	if len(list) != 1 {
		return nil, errors.New(missing)
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(list[0], &fields) != nil || fields == nil {
		return nil, errors.New(missing)
	}
	return fields, nil
}

// number reads a number that is there.
func number(v json.RawMessage) (f float64, ok bool) {
	return f, len(v) > 0 && v[0] != 'n' && json.Unmarshal(v, &f) == nil
}

// maxYes is the most values that yes gives.
const maxYes = 102400

func demoYes(_ context.Context, r *Request, w *Writer) error {
	fields, err := object(r.Args, "expected one argument")
	if err != nil {
		return err
	}
	count, ok := number(fields["count"])
	if !ok || count < 1 || count > maxYes {
		found := fields["count"]
		if found == nil {
			found = json.RawMessage("null")
		}
		info := append([]byte(`{"foundValue":`), found...)
		info = append(info, `,"minValue":1,"maxValue":102400}`...)
		return &ServerError{Name: "VError", Message: "count must be an integer in range [1, 102400]", Info: info}
	}
	value := []byte("{}")
	if v := fields["value"]; v != nil {
		value = appendValue(nil, v)
	}
	for i := 0; float64(i) < count; i++ {
		if err := w.Send(value); err != nil {
			return err
		}
	}
	return nil
}

func demoFail(_ context.Context, r *Request, w *Writer) error {
	fields, err := object(r.Args, "expected argument")
	if err != nil {
		return err
	}
	name, ok1 := text(fields["name"])
	message, ok2 := text(fields["message"])
	if info := fields["info"]; !ok1 || !ok2 || info != nil && info[0] != '{' && info[0] != '[' && info[0] != 'n' {
		return errors.New("bad arguments")
	}
	if data := fields["data"]; len(data) > 0 && data[0] == '[' {
		if err := sendEach(w.Send, data); err != nil {
			return err
		}
	}
	return &ServerError{Name: name, Message: message, Info: fields["info"], Context: fields["context"]}
}

func text(v json.RawMessage) (string, bool) {
	if len(v) == 0 || v[0] != '"' {
		return "", false
	}
	return unquote(v), true
}

// maxSleep is the longest time that sleep takes.
const maxSleep = 30 * time.Minute

func demoSleep(ctx context.Context, r *Request, _ *Writer) error {
	fields, err := object(r.Args, "expected one argument")
	if err != nil {
		return err
	}
	ms, ok := number(fields["ms"])
	if !ok || ms < 0 || ms > float64(maxSleep.Milliseconds()) {
		return errors.New(`bad value for "ms"`)
	}
	return sleep(ctx, ms)
}

func sleep(ctx context.Context, ms float64) error {
	t := time.NewTimer(time.Duration(ms * float64(time.Millisecond)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func demoFastbench(ctx context.Context, r *Request, w *Writer) error {
	fields, err := object(r.Args, "expected exactly one object argument")
	if err != nil {
		return err
	}
	values := fields["echo"]
	if len(values) == 0 || values[0] != '[' {
		return errors.New("expected arg.echo")
	}
	if ms, ok := number(fields["delay"]); ok && ms > 0 {
		if err := sleep(ctx, min(ms, float64(maxSleep.Milliseconds()))); err != nil {
			return err
		}
	}
	return sendEach(w.Send, values)
}
