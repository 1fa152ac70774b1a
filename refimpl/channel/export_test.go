package channel

// Delayed is delayed.
var Delayed = delayed
