package main

// figures are what one run of a point found, by name. A figure that does not apply, or that this system cannot tell,
// is absent: zero would be a claim.
type figures map[string]float64

// The names of the figures. Those that a row of the JSON report carries are spelled the same there.
// In the call workload a message is one whole call: request, answer, and both ends' work for them.
const (
	figRate       = "rate"           // messages or calls a second, counted by the receiver or the caller
	figMB         = "mb_s"           // payload, 10^6 bytes a second
	figP50        = "p50_us"         // microseconds from call to answer
	figP99        = "p99_us"         //
	figP999       = "p999_us"        //
	figCPU        = "cpu_ns_per_msg" // user and system time of both ends (for NATS, of the broker too)
	figWrites     = "writes_per_msg" // write system calls of both ends
	figAllocs     = "allocs_per_msg" // heap objects of both ends
	figBytes      = "bytes_per"      // heap and stack per link or stream, both ends, in bytes
	figGoroutines = "goroutines_per" // per link or stream, both ends
	figFairness   = "fairness"       // slowest stream's count over the fastest's
	figOthers     = "others_pct"     // share of the machine that other processes used meanwhile
	figRatio      = "ratio_raw"      // rate over raw's, same group and round
	figRatioCPU   = "cpu_ratio_raw"  // CPU per message over raw's
	figRatioP50   = "p50_ratio_raw"  // median latency over raw's
	figRatioGRPC  = "ratio_grpc"     // rate over gRPC's
	figRatioNATS  = "ratio_nats"     // rate over NATS's
	figCommits    = "commits_per_s"  // of the store, each of which syncs the file twice
	figFirst      = "first_ms"       // milliseconds to the first message
)
