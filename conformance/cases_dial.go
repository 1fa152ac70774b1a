package conformance

// dialerCases are those of dialers alone: what only an acceptor sees, and what a driver is asked to do.
func dialerCases() []Case {
	return forDialers(
		dialOpeningCases(),
		dialStrangerCases(),
		dialTimeCases(),
		dialTLSCases(),
		dialReportCases(),
		dialFrameCases(),
		dialStreamCases(),
		dialHeldCases(),
		dialDataCases(),
		dialCreditCases(),
		dialCallCases(),
		dialAnswerCases(),
		dialDrainCases(),
		dialEndCases(),
	)
}
