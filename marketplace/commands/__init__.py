"""The commands of `yinqiao`, one file a subject: parse, call one service, say what happened."""
