package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"handfast/conformance"
	"handfast/conformance/capture"
	"handfast/conformance/watch"
)

func (c *conformCmd) newProxy() *cobra.Command {
	var listen string
	var p watch.Proxy
	cmd := &cobra.Command{
		Use:   "proxy --listen ADDR --to ADDR",
		Short: "Judge every frame between a dialer and an acceptor that know nothing of it",
		Long: `Judge every frame between a dialer and an acceptor that know nothing of it: dial --listen in place of --to. Broken rules are
printed as they are seen. The report comes at the end, after --links links or at an interrupt: a case for each rule that a
sender can be seen to break, of either side. What a peer should have answered to what is judged by the other modes.

Plain transports only: inside TLS there is nothing to see.`,
		Example: "  handfast conform proxy --listen 127.0.0.1:7401 --to 127.0.0.1:7400 --links 1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, addr := range []string{listen, p.To} {
				if _, _, err := net.SplitHostPort(addr); err != nil {
					return usageError("conform proxy takes --listen HOST:PORT and --to HOST:PORT: %v", err)
				}
			}
			if p.Links < 0 {
				return usageError("--links is at least 0")
			}
			return c.proxy(cmd, &p, listen)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "`address` to listen at")
	cmd.Flags().StringVar(&p.To, "to", "", "`address` of the acceptor")
	cmd.Flags().IntVar(&p.Links, "links", 0, "end after so many links; 0: at an interrupt")
	cmd.Flags().DurationVar(&p.DialTimeout, "dial-timeout", 10*time.Second, "longest wait for the acceptor")
	return cmd
}

// proxy serves, and reports what was seen.
func (c *conformCmd) proxy(cmd *cobra.Command, p *watch.Proxy, listen string) error {
	ln, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", listen)
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	fmt.Fprintf(c.env.stderr, "handfast: listening on %s, handing on to %s\n", ln.Addr(), p.To)
	var mu sync.Mutex // several links speak
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(c.env.stderr, format, args...)
	}
	p.Watch = watch.New()
	p.Each = func(f *watch.Finding) { say("handfast: %v\n", f) }
	p.Failed = func(link string, err error) { say("handfast: %s: %v\n", link, err) }
	if err := p.Serve(cmd.Context(), ln); err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	how := fmt.Sprintf("proxy --listen %s --to %s", listen, p.To)
	return c.watched(cmd, p.Watch, p.Watch.Report("proxy", p.To), how)
}

func (c *conformCmd) newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Judge every frame of a capture: pcap, pcapng, or the trace in a JSON report",
		Long: `Judge every frame of a capture: pcap or pcapng, or a JSON report of this suite that was made with --trace. There is a case for
each rule that a sender can be seen to break, of either side. Several files make one report. - is stdin.`,
		Example: "  handfast conform check capture.pcapng --html page.html",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w := watch.New()
			for _, name := range args {
				if err := c.checkFile(w, name); err != nil {
					return err
				}
			}
			return c.watched(cmd, w, w.Report("check", list(args)), "check "+list(args))
		},
	}
}

// checkFile feeds one file.
func (c *conformCmd) checkFile(w *watch.Watch, name string) error {
	var in io.Reader = c.env.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return &exitError{code: exitUsage, err: err}
		}
		defer f.Close() //nolint:errcheck // it was only read
		in = f
	}
	r := bufio.NewReader(in)
	first, _ := r.Peek(4) // too short a file is no recording either
	read := capture.ReadTrace
	if capture.Detect(first) != "" {
		read = capture.Read
	}
	found, err := read(r, capture.Options{})
	if err != nil && found == nil {
		return &exitError{code: exitUsage, err: fmt.Errorf("%s: %w", name, err), hint: "handfast conform check reads pcap, pcapng and reports made with --trace --json"}
	}
	for _, f := range w.Capture(found) {
		fmt.Fprintf(c.env.stderr, "handfast: %v\n", f)
	}
	if err != nil { // what was there was judged, and the rest is said to be missing
		fmt.Fprintf(c.env.stderr, "handfast: %s: read in part: %v\n", name, err)
	}
	if n := len(found.Connections); n == 0 {
		fmt.Fprintf(c.env.stderr, "handfast: %s: no link of Handfast among %d packets and %d other connections\n", name, found.Packets, found.Foreign)
	}
	return nil
}

// watched reports what was seen of links, and says what was not.
func (c *conformCmd) watched(cmd *cobra.Command, w *watch.Watch, report *conformance.Report, how string) error {
	for _, cut := range w.Cuts() {
		fmt.Fprintf(c.env.stderr, "handfast: not judged to the end: %s\n", cut)
	}
	links, items, findings := w.Totals()
	if links == 0 {
		return &exitError{code: exitMeasured, err: errors.New("no link was seen, so that nothing was judged")}
	}
	fmt.Fprintf(c.env.stderr, "handfast: %d links, %d openings and frames, %d broken rules\n", links, items, findings)
	report, err := report.Only(c.run, c.skip)
	if err != nil {
		return c.refused(err)
	}
	return c.finish(cmd, judged{report, conformance.ConsoleOptions{Command: "handfast conform " + how, Trace: c.trace}})
}
