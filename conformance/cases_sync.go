package conformance

import (
	"slices"

	"handfast/conformance/driver"
)

// syncCases are those of the profile sync. The suite opens the sessions, so that a peer is judged as the responder, in both roles: who has dialled
// is of no meaning to a session. As the initiator a peer is judged where a driver can be told to begin.
func syncCases() []Case {
	cases := slices.Concat(forAll(
		sessionCases(),
		sessionFormCases(),
		sessionStateCases(),
		sinceCases(),
		checkCases(),
		lastCases(),
		checkKeyCases(),
		repairCases(),
		mergeCases(),
		objectFormCases(),
		meanwhileCases(),
		cellCases(),
		estimateCases(),
	), forDialers(initiatorCases(), lastInitiator(), initiatorMeanwhile(), initiatorCells()))
	for i := range cases {
		cases[i].Profile, cases[i].Level = ProfileSync, LevelBeyond
		cases[i].Needs = append(cases[i].Needs, driver.FeatureSync)
	}
	return cases
}
