package conformance

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"handfast/conformance/useless"
)

// Score is what a useless peer reaches.
type Score struct {
	Pass  int `json:"pass"`  // cases
	Pairs int `json:"pairs"` // cases among them with a twin
}

//go:embed ceilings.json
var ceilingsJSON []byte

// Ceilings gives the most that each useless peer may score, by name.
func Ceilings() (map[string]Score, error) {
	var ceilings map[string]Score
	if err := json.Unmarshal(ceilingsJSON, &ceilings); err != nil {
		return nil, fmt.Errorf("ceilings.json: %w", err)
	}
	return ceilings, nil
}

// uselessTimeout is how long a case waits for a peer that has no answer. Nothing but loopback lies between.
const uselessTimeout = 150 * time.Millisecond

// ScoreUseless runs cases against a useless peer.
func ScoreUseless(ctx context.Context, name string, cases []Case) (Score, error) {
	p, err := useless.Start(name)
	if err != nil {
		return Score{}, err
	}
	config := Config{Target: Target{Addr: p.Addr()}, Cases: cases, Timeout: uselessTimeout, Patience: time.Second}.withDefaults()
	r := &runner{config: config, census: newCensus()}
	var score Score
	for _, result := range r.all(ctx, cases) {
		if result.Verdict != Pass {
			continue
		}
		score.Pass++
		if result.Rejects {
			score.Pairs++
		}
	}
	return score, p.Close()
}
