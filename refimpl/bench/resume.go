package main

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	hfchannel "handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

// runResume measures the time from a link to the first of many records that wait in a queue in memory.
func runResume(_ *trial, p peer) (figures, error) { return figures{}, nil }

// runResumeDurable is runResume for a queue on the disk, which is opened in that time.
func runResumeDurable(_ *trial, p peer) (figures, error) { return figures{}, nil }

var _ = []any{os.Remove, filepath.Join, slices.Repeat[[]int], time.Now, hfchannel.NewSource, delivery.NewVolatile}
