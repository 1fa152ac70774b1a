package conformance

import "handfast/conformance/driver"

// deliveryCases are those of the profile delivery. Nearly all of them are the same for both roles: who has dialled is of no meaning to a channel.
func deliveryCases() []Case {
	cases := forAll(
		positionCases(),
		positionRefusals(),
		attachCases(),
		offeringCases(),
		offerFormCases(),
		answerFormCases(),
		recordCases(),
		ackCases(),
		ackWaitingCases(),
		gapCases(),
		restartCases(),
	)
	for i := range cases {
		cases[i].Profile, cases[i].Level = ProfileDelivery, LevelBeyond
		cases[i].Needs = append(cases[i].Needs, driver.FeatureDelivery)
	}
	return cases
}
