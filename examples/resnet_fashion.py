"""Fashion-MNIST with a ResNet-18; where the data are not installed, the built-in digits.

All of it: python resnet_fashion.py --images 60000 --test-images 10000 --epochs 10
"""

import argparse

import ferrule as fe
from ferrule import data, models, nn, optim

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--images", type=int, default=2000, help="how many to train with")
parser.add_argument("--test-images", type=int, default=1000)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--device", default="cpu")
options = parser.parse_args()

fe.manual_seed(0)
fe.set_backend(options.device.partition(":")[0])
try:
    train, test = data.fashion_mnist("train"), data.fashion_mnist("test")
except fe.DataError as error:
    print(f"{error}\nlearning from the digits instead")
    train, test = data.digits("train"), data.digits("test")
train = data.TensorDataset(*(t[: options.images].to(options.device) for t in train.tensors))
test = data.TensorDataset(*(t[: options.test_images].to(options.device) for t in test.tensors))

loader = data.DataLoader(train, batch_size=min(25, len(train)), shuffle=True, drop_last=True)
small = train.tensors[0].shape[-1] < 28
model = models.resnet18(num_classes=10, in_channels=1, small_images=small).to(options.device)
optimizer = optim.AdamW(model.parameters(), weight_decay=0.01)
steps = options.epochs * len(loader)
schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-3, total_steps=steps)

for epoch in range(options.epochs):
    total = 0.0
    model.train()
    for images, labels in loader:
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += float(loss)
    right = 0
    model.eval()
    with fe.no_grad():
        for images, labels in data.DataLoader(test, batch_size=250):
            right += int((model(images).argmax(1) == labels).sum())
    print(
        f"epoch {epoch + 1}: mean loss {total / len(loader):.3f}, {right} of {len(test)} test "
        f"images recognised ({right / len(test):.1%})",
        flush=True,
    )
