package conformance

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// PreflightError says why nothing could be measured: exit code 3.
type PreflightError struct {
	Target string
	Reason string
}

// Error gives target and reason.
func (e *PreflightError) Error() string { return fmt.Sprintf("%s: %s", e.Target, e.Reason) }

// preflight opens a link and calls echo, before any case runs. Which rules are broken meanwhile is left to the cases, which name them. A run against something that is no Handfast peer would otherwise
// be two hundred failures that all say the same, or, worse, a score.
func (r *runner) preflight(ctx context.Context) error {
	if r.seats != nil {
		return r.canaries(ctx)
	}
	c := Case{ID: "preflight", Run: func(t *T) { t.Open(Options{}).Echo() }, lenient: true}
	t := r.play(ctx, &c)
	if t.failure == nil {
		return nil
	}
	reason := fmt.Sprintf("before any case runs, one link with one echo has to work: %v", t.failure)
	if guess := r.stranger(t); guess != "" {
		reason = guess
	}
	return &PreflightError{Target: r.config.Target.String(), Reason: reason}
}

// stranger guesses what answered, from the first bytes that came; "" when they came from a Handfast peer.
func (r *runner) stranger(t *T) string {
	if len(t.conns) == 0 {
		return t.failure.Actual
	}
	entries, _ := t.trace.snapshot()
	for _, e := range entries {
		if e.Dir != In {
			continue
		}
		if e.Bytes == 0 {
			return "it took the connection, sent nothing and ended it: another protocol, or a peer that wants TLS (--tls)"
		}
		if !e.opening || e.Fault == "" {
			return ""
		}
		return fmt.Sprintf("it answered HELLO with %d bytes that are no opening: % X%s", e.Bytes, e.raw[:min(len(e.raw), 16)], protocolOf(e.raw))
	}
	return fmt.Sprintf("it took the connection and sent nothing for %v: whatever listens there does not speak Handfast", t.timeout)
}

// protocolOf names the protocol of first bytes, where they are known.
func protocolOf(b []byte) string {
	known := []struct{ prefix, name string }{
		{"HTTP/", "HTTP"},
		{"SSH-", "SSH"},
		{"\x15\x03", "TLS (try --tls)"},
		{"\x16\x03", "TLS (try --tls)"},
		{"220 ", "SMTP or FTP"},
		{"INFO {", "NATS"},
		{"-ERR", "Redis"},
	}
	for _, k := range known {
		if bytes.HasPrefix(b, []byte(k.prefix)) {
			return ", which is " + k.name
		}
	}
	if line, _, ok := strings.Cut(string(b), "\n"); ok && len(line) > 0 {
		return fmt.Sprintf(" (%+q)", line)
	}
	return ""
}
