package main

func openingArea() *area   { return nil }
func readyArea() *area     { return nil }
func frameArea() *area     { return nil }
func heartbeatArea() *area { return nil }
func streamArea() *area    { return nil }
func dataArea() *area      { return nil }
func endingArea() *area    { return nil }
func deliveryArea() *area  { return nil }
func callArea() *area      { return nil }
