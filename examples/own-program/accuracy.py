import json
import os


def tell(**event):
    with open(os.environ["PIPE_EVENTS"], "a") as events:
        events.write(json.dumps(event) + "\n")


with open("inputs/answers") as file:
    answers = json.load(file)
for done, answer in enumerate(answers, start=1):
    tell(progress=done, total=len(answers), unit="answers")
    tell(metric="accuracy", item=answer["question"], value=int(answer["given"] == answer["expected"]))
    if not answer["given"]:
        tell(warning=f"{answer['question']} has no answer")
