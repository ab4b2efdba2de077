"""From pictures to grey crops of faces."""
