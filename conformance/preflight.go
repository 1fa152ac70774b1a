package conformance

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"handfast/conformance/driver"
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
		if err := r.canaries(ctx); err != nil {
			return err
		}
		return r.offered(ctx)
	}
	c := Case{ID: "preflight", Run: func(t *T) { t.Open(Options{}).Echo() }, lenient: true}
	t := r.play(ctx, &c)
	if t.failure == nil {
		return r.offered(ctx)
	}
	reason := fmt.Sprintf("before any case runs, one link with one echo has to work: %v", t.failure)
	if guess := r.stranger(t); guess != "" {
		reason = guess
	}
	return &PreflightError{Target: r.config.Target.String(), Reason: reason}
}

// offered looks whether the peer offers what it takes to be judged by the profile of the run.
func (r *runner) offered(ctx context.Context) error {
	switch r.config.Profile {
	case ProfileDelivery:
	case ProfileRealtime:
		return r.replicates(ctx)
	case ProfileSync:
		return r.shares(ctx)
	default:
		return nil
	}
	c := Case{ID: "preflight", Roles: AnyRole, lenient: true, Needs: []string{driver.FeatureDelivery}, Run: func(t *T) { t.Deliver() }}
	t := r.play(ctx, &c)
	if t.failure == nil {
		return nil
	}
	return &PreflightError{
		Target: r.config.Target.String(),
		Reason: fmt.Sprintf("the profile delivery is judged through the sub-protocol mirror (spec/mirror.md), on a link with the capability delivery: %v", t.failure),
	}
}

// replicates looks whether the peer takes a channel of realtime.
func (r *runner) replicates(ctx context.Context) error {
	c := Case{ID: "preflight", Roles: AnyRole, lenient: true, Needs: []string{driver.FeatureDelivery, driver.FeatureRealtime}, Run: func(t *T) { t.newSource() }}
	t := r.play(ctx, &c)
	if t.failure == nil {
		return nil
	}
	return &PreflightError{
		Target: r.config.Target.String(),
		Reason: fmt.Sprintf("the profile realtime is judged by a channel of the sub-protocol realtime with objects of the namespace %q: %v", syncNamespace, t.failure),
	}
}

// shares looks whether the peer has the namespace in which the profile sync is judged.
func (r *runner) shares(ctx context.Context) error {
	c := Case{ID: "preflight", Roles: AnyRole, lenient: true, Needs: []string{driver.FeatureSync}, Run: func(t *T) { t.Session() }}
	t := r.play(ctx, &c)
	if t.failure == nil {
		return nil
	}
	return &PreflightError{
		Target: r.config.Target.String(),
		Reason: fmt.Sprintf("the profile sync is judged by sessions of the sub-protocol sync about the namespace %q, with a salt of zeros: %v", syncNamespace, t.failure),
	}
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
