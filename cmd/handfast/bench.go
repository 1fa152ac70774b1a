package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	fastload "handfast/compat/fast/load"
)

// newBench measures a peer from outside.
func newBench(e env) *cobra.Command {
	var (
		d      fastDialFlags
		plan   fastload.Plan
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "bench --fast ADDR [sync|sleep150|echo]",
		Short: "Measure a peer that speaks Fast",
		Long: `Measure a peer that speaks Fast: requests per second, and how long each takes. The workloads are those of fastbench, and one more:
  sync       the method fastbench, which echoes four values
  sleep150   the same after 150 ms
  echo       the method echo with one value`,
		Example: `  handfast bench --fast 127.0.0.1:7400
  handfast bench --fast 127.0.0.1:7400 echo --concurrency 100 --dur 5s --json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if !d.on {
				return usageError("say --fast: this measures peers that speak Fast, and refimpl/bench measures Handfast")
			}
			if plan.Client, err = d.config(); err != nil {
				return err
			}
			plan.Addr, plan.Workload = args[0], "sync"
			if len(args) == 2 {
				plan.Workload = args[1]
			}
			if err := plan.Validate(); err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			r, err := fastload.Run(cmd.Context(), plan)
			if err != nil {
				return &exitError{code: exitMeasured, err: err, hint: "is a peer listening there? handfast serve --fast starts one"}
			}
			if asJSON {
				return json.NewEncoder(e.stdout).Encode(r)
			}
			fmt.Fprintf(e.stdout, "workload     %s, %d at once over %d connections\nruntime      %s\ncompleted    %d\nerrors       %d\nthroughput   %.0f requests/s\nlatency      p50 %s, p99 %s, greatest %s\n",
				plan.Workload, r.Concurrency, r.Connections, r.Runtime.Round(time.Millisecond), r.Completed, r.Errors, r.PerSecond, r.P50, r.P99, r.Max)
			if r.Errors > 0 {
				return &exitError{code: exitDiffers, err: fmt.Errorf("%d requests failed, the first: %w", r.Errors, r.First)}
			}
			return nil
		},
	}
	f := cmd.Flags()
	d.add(f, "measure a peer that speaks Fast")
	f.IntVarP(&plan.Concurrency, "concurrency", "c", 1, "requests at once")
	f.IntVar(&plan.Connections, "conns", 0, "connections (default: one for each 10 requests at once)")
	f.DurationVarP(&plan.Duration, "dur", "d", 5*time.Second, "how long")
	f.IntVarP(&plan.Requests, "requests", "n", 0, "end after so many requests (default: --dur alone)")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
