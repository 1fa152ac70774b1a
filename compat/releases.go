// Package compat holds peers of today against older ones: earlier releases of Handfast, and Fast. Its folders are
//
//	fast       client and server of Fast
//	nodepeer   real releases of the npm package fast as peers
//	rolling    both protocols on one address, and callers that choose by recipient
//	limited    peers with fewer, or more, versions and capabilities than today's
//	releases   earlier releases of this repository, built from its history
//	table      who can talk to whom
//
// releases.json lists every release of Handfast: its tag, its commit, what it spoke, and the profile that it claimed.
package compat

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
)

//go:embed releases.json
var releasesJSON []byte

// Release is one released version of Handfast.
type Release struct {
	Name    string              `json:"name"`    // of the tag
	Commit  string              `json:"commit"`  // 40 hexadecimal digits
	Wire    []uint16            `json:"wire"`    // wire versions
	Protos  map[string][]uint16 `json:"protos"`  // sub-protocol versions
	Profile string              `json:"profile"` // that it claimed
}

var commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Releases gives the list, oldest first.
func Releases() ([]Release, error) { return parseReleases(releasesJSON) }

func parseReleases(b []byte) ([]Release, error) {
	var file struct {
		Format   int       `json:"format"`
		Releases []Release `json:"releases"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("releases.json: %w", err)
	}
	if file.Format != 1 {
		return nil, fmt.Errorf("releases.json: format %d, this reads 1", file.Format)
	}
	seen := map[string]bool{}
	for i, r := range file.Releases {
		switch {
		case r.Name == "" || seen[r.Name]:
			return nil, fmt.Errorf("releases.json: release %d has no name, or that of another", i)
		case !commitForm.MatchString(r.Commit):
			return nil, fmt.Errorf("releases.json: %s: %q is not a commit", r.Name, r.Commit)
		case len(r.Wire) == 0 || len(r.Protos) == 0 || r.Profile == "":
			return nil, fmt.Errorf("releases.json: %s lacks wire, protos or profile", r.Name)
		}
		seen[r.Name] = true
	}
	return file.Releases, nil
}
