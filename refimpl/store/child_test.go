package store_test

const childEnv = "HANDFAST_STORE_CHILD"

func child(kind string) int { return 9 }
